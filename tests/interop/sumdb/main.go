// Checks what Custody hands out with the packages of Go's checksum database, sharing no code with it:
//
//	sumdb VKEY PROOF OLD_NOTE CONSISTENCY
//
// PROOF is a document of `custody prove`, CONSISTENCY one of `custody checkpoint check --json`.
package main

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

type proof struct {
	Checkpoint string
	Entries    []struct {
		Entry    string
		Path     []string
		Position int64
	}
}

type consistency struct {
	Size        int64
	Root        string
	Consistency []string
}

func main() {
	verifier, err := note.NewVerifier(strings.TrimSpace(string(read(os.Args[1]))))
	require(err)

	var shown proof
	require(json.Unmarshal(read(os.Args[2]), &shown))
	size, root := checkpoint(shown.Checkpoint, verifier)
	for _, entry := range shown.Entries {
		leaf := tlog.RecordHash([]byte(entry.Entry))
		require(tlog.CheckRecord(hashes(entry.Path), size, root, entry.Position, leaf))
	}

	var grown consistency
	require(json.Unmarshal(read(os.Args[4]), &grown))
	oldSize, oldRoot := checkpoint(string(read(os.Args[3])), verifier)
	newRoot := hashes([]string{grown.Root})[0]
	if grown.Size != size || newRoot != root {
		require(fmt.Errorf("it ends at %d, %v, and the checkpoint is of %d, %v", grown.Size, newRoot, size, root))
	}
	require(tlog.CheckTree(hashes(grown.Consistency), grown.Size, newRoot, oldSize, oldRoot))
	fmt.Printf("%d entries in %d, which extends %d\n", len(shown.Entries), size, oldSize)
}

// checkpoint opens a signed note and returns the size and root in it.
func checkpoint(text string, verifier note.Verifier) (int64, tlog.Hash) {
	opened, err := note.Open([]byte(text), note.VerifierList(verifier))
	require(err)
	var origin, root string
	var size int64
	_, err = fmt.Sscanf(opened.Text, "%s\n%d\n%s\n", &origin, &size, &root)
	require(err)
	hash, err := tlog.ParseHash(root)
	require(err)
	return size, hash
}

func hashes(texts []string) []tlog.Hash {
	found := make([]tlog.Hash, len(texts))
	for i, text := range texts {
		raw, err := hex.DecodeString(text)
		require(err)
		copy(found[i][:], raw)
	}
	return found
}

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
