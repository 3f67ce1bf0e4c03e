"""A time stamping authority of our own: certificates made here, stamps by ``openssl ts``, also over HTTP."""

import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from tests.cli.command_line import CommandLine
from tests.interop.tools import needed

POLICY = "1.2.3.4.1"
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
FAR_OFF = datetime(2090, 1, 1, tzinfo=UTC)

Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey

_CONFIG = f"""
[tsa]
default_tsa = t
[t]
serial = serial
crypto_device = builtin
signer_cert = tsa.pem
signer_key = tsa.key
certs = chain.pem
signer_digest = sha256
default_policy = {POLICY}
digests = sha256
accuracy = secs:1, millisecs:500
ordering = no
tsa_name = yes
ess_cert_id_chain = no
ess_cert_id_alg = sha256
"""


def new_key() -> Key:
    return ec.generate_private_key(ec.SECP256R1())


def named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


@dataclass
class Root:
    """A certificate authority: signs certificates and revocation lists."""

    name: str = "Test Root"
    key: Key = field(default_factory=new_key)
    valid: tuple[datetime, datetime] = (LONG_AGO, FAR_OFF)

    def __post_init__(self) -> None:
        self.certificate = self.issue(self.name, self.key, self.valid, ca=True)

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    def issue(
        self,
        name: str,
        key: Key,
        valid: tuple[datetime, datetime] = (LONG_AGO, FAR_OFF),
        *,
        ca: bool = False,
        serial: int | None = None,
        usages: Sequence[x509.ObjectIdentifier] = (ExtendedKeyUsageOID.TIME_STAMPING,),
        critical: bool = True,
        lists_at: str | None = None,
    ) -> x509.Certificate:
        usage = dict.fromkeys(
            ("content_commitment", "key_encipherment", "data_encipherment", "key_agreement"), False
        )
        builder = (
            x509.CertificateBuilder()
            .subject_name(named(name))
            .issuer_name(named(self.name))
            .public_key(key.public_key())
            .serial_number(serial or x509.random_serial_number())
            .not_valid_before(valid[0])
            .not_valid_after(valid[1])
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(
                x509.KeyUsage(
                    digital_signature=not ca, key_cert_sign=ca, crl_sign=ca, encipher_only=False,
                    decipher_only=False, **usage,
                ),
                critical=True,
            )
        )  # fmt: skip
        if not ca and usages:
            builder = builder.add_extension(x509.ExtendedKeyUsage(usages), critical=critical)
        if lists_at:
            point = x509.DistributionPoint([x509.UniformResourceIdentifier(lists_at)], None, None, None)
            builder = builder.add_extension(x509.CRLDistributionPoints([point]), critical=False)
        return builder.sign(self.key, hashes.SHA256())

    def revocation_list(
        self,
        revoked: Sequence[tuple[x509.Certificate, datetime, x509.ReasonFlags | None]] = (),
        *,
        made: datetime = LONG_AGO,
        next_update: datetime = FAR_OFF,
        extensions: Sequence[x509.ExtensionType] = (),
        key: Key | None = None,
    ) -> bytes:
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(named(self.name))
            .last_update(made)
            .next_update(next_update)
        )
        for certificate, when, reason in revoked:
            entry = (
                x509.RevokedCertificateBuilder()
                .serial_number(certificate.serial_number)
                .revocation_date(when)
            )
            if reason is not None:
                entry = entry.add_extension(x509.CRLReason(reason), critical=False)
            builder = builder.add_revoked_certificate(entry.build())
        for extension in extensions:
            builder = builder.add_extension(extension, critical=True)
        return builder.sign(key or self.key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)


class StampAuthority:
    """Stamps with ``openssl ts -reply``, under a certificate that its root issued."""

    def __init__(
        self,
        folder: Path,
        *,
        name: str = "Test TSA",
        root: Root | None = None,
        key: Key | None = None,
        valid: tuple[datetime, datetime] = (LONG_AGO, FAR_OFF),
        lists_at: str | None = None,
    ) -> None:
        folder.mkdir(parents=True)
        self.folder = folder
        self.root = root or Root()
        self.key = key or new_key()
        self.certificate = self.root.issue(name, self.key, valid, lists_at=lists_at)
        private = self.key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        (folder / "tsa.key").write_bytes(private)
        (folder / "tsa.pem").write_bytes(self.certificate.public_bytes(serialization.Encoding.PEM))
        (folder / "chain.pem").write_bytes(self.root.pem)
        (folder / "root.pem").write_bytes(self.root.pem)
        (folder / "serial").write_text("01\n")
        (folder / "tsa.cnf").write_text(_CONFIG)

    @property
    def root_file(self) -> Path:
        return self.folder / "root.pem"

    def reply(self, request: bytes) -> bytes:
        """The answer to a request (TimeStampResp)."""
        (self.folder / "request.tsq").write_bytes(request)
        command = [
            needed("openssl", "openssl"), "ts", "-reply", "-config", "tsa.cnf", "-queryfile", "request.tsq",
            "-out", "reply.tsr",
        ]  # fmt: skip
        subprocess.run(command, cwd=self.folder, check=True, capture_output=True, timeout=60)
        return (self.folder / "reply.tsr").read_bytes()


Answer = Callable[[bytes], bytes]


@contextmanager
def serving(*, post: Answer | None = None, get: dict[str, bytes] | None = None) -> Iterator[str]:
    """Serve on this machine; gives the URL. What ``post`` raises becomes a 500."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            request = self.rfile.read(int(self.headers["Content-Length"]))
            assert self.headers["Content-Type"] == "application/timestamp-query"
            self._answer(200, post(request) if post else b"")

        def do_GET(self) -> None:
            found = (get or {}).get(self.path)
            self._answer(404 if found is None else 200, found or b"")

        def _answer(self, status: int, content: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_words: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def stamped_then_expired(custody: CommandLine, folder: Path) -> StampAuthority:
    """Have a ledger stamped by an authority whose certificate then expires; on a busy machine less soon."""
    for seconds in (3, 10, 30):
        end = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=seconds)
        authority = StampAuthority(folder / f"authority{seconds}", valid=(LONG_AGO, end))
        with serving(post=authority.reply) as url:
            ended = custody("checkpoint", "stamp", "--tsa", url, "--authority", str(authority.root_file))
        ended_at = authority.certificate.not_valid_after_utc + timedelta(
            seconds=1
        )  # stamps tell whole seconds
        while datetime.now(UTC) <= ended_at:
            time.sleep(0.1)
        if ended.code == 0:
            return authority
    raise AssertionError(ended.out)
