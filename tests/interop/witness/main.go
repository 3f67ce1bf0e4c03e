// Checks what witnesses sign and how a ledger is tiled with the packages of Go's checksum database, sharing no
// code with Custody:
//
//	witness cosigned LEDGER_VKEY WITNESS_VKEY COSIGNED_NOTE
//	witness request LEDGER_VKEY OLD_NOTE REQUEST
//	witness tiles LEDGER_VKEY FOLDER
package main

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const tileHeight = 8

func main() {
	ledger, err := note.NewVerifier(text(os.Args[2]))
	require(err)
	switch os.Args[1] {
	case "cosigned":
		cosigned(ledger, newWitness(text(os.Args[3])), read(os.Args[4]))
	case "request":
		request(ledger, read(os.Args[3]), string(read(os.Args[4])))
	case "tiles":
		tiles(ledger, os.Args[3])
	}
}

// witness verifies cosignatures as C2SP tlog-cosignature describes them (signature type 0x04).
type witness struct {
	name string
	hash uint32
	key  ed25519.PublicKey
}

func newWitness(vkey string) witness {
	parts := strings.SplitN(vkey, "+", 3)
	typed, err := base64.StdEncoding.DecodeString(parts[2])
	require(err)
	sum := sha256.Sum256(append([]byte(parts[0]+"\n"), typed...))
	hash := binary.BigEndian.Uint32(sum[:])
	if typed[0] != 0x04 || len(typed) != 33 || parts[1] != fmt.Sprintf("%08x", hash) {
		require(fmt.Errorf("not the key of a witness: %s", vkey))
	}
	return witness{parts[0], hash, typed[1:]}
}

func (w witness) Name() string    { return w.name }
func (w witness) KeyHash() uint32 { return w.hash }
func (w witness) Verify(msg, sig []byte) bool {
	if len(sig) != 8+ed25519.SignatureSize {
		return false
	}
	signed := fmt.Sprintf("cosignature/v1\ntime %d\n%s", binary.BigEndian.Uint64(sig), msg)
	return ed25519.Verify(w.key, []byte(signed), sig[8:])
}

func cosigned(ledger note.Verifier, by witness, message []byte) {
	opened, err := note.Open(message, note.VerifierList(ledger, by))
	require(err)
	if len(opened.Sigs) != 2 {
		require(fmt.Errorf("%d good signatures", len(opened.Sigs)))
	}
	fmt.Printf("cosigned by %s\n", opened.Sigs[1].Name)
}

func request(ledger note.Verifier, oldNote []byte, body string) {
	head, message, _ := strings.Cut(body, "\n\n")
	lines := strings.Split(head, "\n")
	var proof []tlog.Hash
	for _, line := range lines[1:] {
		hash, err := tlog.ParseHash(line)
		require(err)
		proof = append(proof, hash)
	}
	oldTree, newTree := checkpoint(oldNote, ledger), checkpoint([]byte(message), ledger)
	if lines[0] != fmt.Sprintf("old %d", oldTree.N) {
		require(fmt.Errorf("%s, but the old checkpoint has %d entries", lines[0], oldTree.N))
	}
	require(tlog.CheckTree(proof, newTree.N, newTree.Hash, oldTree.N, oldTree.Hash))
	fmt.Printf("%d extends %d\n", newTree.N, oldTree.N)
}

// folder gives Go's reader of tiles those of C2SP tlog-tiles, whose paths do not name the height.
type folder string

func (f folder) Height() int                         { return tileHeight }
func (f folder) SaveTiles(_ []tlog.Tile, _ [][]byte) {}
func (f folder) ReadTiles(wanted []tlog.Tile) ([][]byte, error) {
	found := make([][]byte, len(wanted))
	for i, tile := range wanted {
		content, err := os.ReadFile(filepath.Join(string(f), f.path(tile, fmt.Sprint(tile.L))))
		if err != nil {
			return nil, err
		}
		found[i] = content
	}
	return found, nil
}

func (f folder) path(tile tlog.Tile, level string) string {
	prefix := fmt.Sprintf("tile/%d/%d/", tile.H, tile.L)
	return "tile/" + level + "/" + strings.TrimPrefix(tile.Path(), prefix)
}

func tiles(ledger note.Verifier, name string) {
	tree := checkpoint(read(filepath.Join(name, "checkpoint")), ledger)
	indexes := make([]int64, tree.N)
	for i := range indexes {
		indexes[i] = tlog.StoredHashIndex(0, int64(i))
	}
	hashes, err := tlog.TileHashReader(tree, folder(name)).ReadHashes(indexes)
	require(err)
	var stored []tlog.Hash
	reader := tlog.HashReaderFunc(func(wanted []int64) ([]tlog.Hash, error) {
		found := make([]tlog.Hash, len(wanted))
		for i, index := range wanted {
			found[i] = stored[index]
		}
		return found, nil
	})
	for position, entry := range folder(name).entries(tree.N) {
		if tlog.RecordHash(entry) != hashes[position] {
			require(fmt.Errorf("entry %d is not the one of its hash", position))
		}
		more, err := tlog.StoredHashes(int64(position), entry, reader)
		require(err)
		stored = append(stored, more...)
	}
	folder(name).compare(tree, reader)
	fmt.Printf("%d entries\n", tree.N)
}

// entries takes the bundles apart.
func (f folder) entries(size int64) [][]byte {
	var found [][]byte
	for bundle := int64(0); int64(len(found)) < size; bundle++ {
		width := size - int64(len(found))
		if width > 1<<tileHeight {
			width = 1 << tileHeight
		}
		tile := tlog.Tile{H: tileHeight, L: 0, N: bundle, W: int(width)}
		content := read(filepath.Join(string(f), f.path(tile, "entries")))
		for ; width > 0; width-- {
			length := int(binary.BigEndian.Uint16(content))
			found = append(found, content[2:2+length])
			content = content[2+length:]
		}
		if len(content) != 0 {
			require(fmt.Errorf("bundle %d is longer than its entries", bundle))
		}
	}
	return found
}

// compare makes the tree and every tile anew from the entries: before version 0.40 of x/mod, TileHashReader left
// out up to two tiles of those that it should prove to be in the tree (CVE-2026-56865).
func (f folder) compare(tree tlog.Tree, reader tlog.HashReader) {
	root, err := tlog.TreeHash(tree.N, reader)
	require(err)
	if root != tree.Hash {
		require(fmt.Errorf("the entries make another tree"))
	}
	for _, tile := range tlog.NewTiles(tileHeight, 0, tree.N) {
		if hashes := tree.N >> uint(tileHeight*tile.L); tile.W < 1<<tileHeight && int64(tile.W) != hashes%(1<<tileHeight) {
			continue // of smaller trees
		}
		made, err := tlog.ReadTileData(tile, reader)
		require(err)
		if !bytes.Equal(made, read(filepath.Join(string(f), f.path(tile, fmt.Sprint(tile.L))))) {
			require(fmt.Errorf("%s is not the one that the entries make", tile.Path()))
		}
	}
}

// checkpoint opens a signed note and returns the tree it speaks of.
func checkpoint(message []byte, verifier note.Verifier) tlog.Tree {
	opened, err := note.Open(message, note.VerifierList(verifier))
	require(err)
	var origin, root string
	var size int64
	_, err = fmt.Sscanf(opened.Text, "%s\n%d\n%s\n", &origin, &size, &root)
	require(err)
	hash, err := tlog.ParseHash(root)
	require(err)
	return tlog.Tree{N: size, Hash: hash}
}

func text(name string) string { return strings.TrimSpace(string(read(name))) }

func read(name string) []byte {
	content, err := os.ReadFile(name)
	require(err)
	return content
}

func require(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "refuted:", err)
		os.Exit(1)
	}
}
