import re
import shlex
from pathlib import Path

from tests.docs.markdown import ROOT, Document, documents

_TARGET = re.compile(r"^(?P<name>[A-Za-z][\w.-]*):(?!=)", re.MULTILINE)


def _is_broken(document: Document, link: str) -> bool:
    target, _, anchor = link.partition("#")
    if not target:
        return anchor not in document.anchors()
    file = (document.path.parent / target).resolve()
    if not file.exists() or not file.is_relative_to(ROOT):
        return True
    return bool(anchor) and file.suffix == ".md" and anchor not in _document(file).anchors()


def _document(file: Path) -> Document:
    return Document(file, file.read_text("utf-8"))


def test_every_link_between_the_documents_resolves() -> None:
    broken = [
        f"{document.name}: {link}"
        for document in documents()
        for link in document.links()
        if not re.match(r"[a-z][a-z0-9+.-]*:", link) and _is_broken(document, link)
    ]

    assert broken == []


def test_every_document_can_be_reached_from_the_readme() -> None:
    known = {document.path: document for document in documents()}
    waiting, reached = [ROOT / "README.md"], set()
    while waiting:
        file = waiting.pop()
        if file in reached or file not in known:
            continue
        reached.add(file)
        waiting += [(file.parent / link.partition("#")[0]).resolve() for link in known[file].links()]

    assert sorted(known[file].name for file in known.keys() - reached if file.parent != ROOT) == []


def test_every_make_target_in_the_documents_exists() -> None:
    targets = {match["name"] for match in _TARGET.finditer((ROOT / "Makefile").read_text("utf-8"))}
    asked = {
        (document.name, word)
        for document in documents()
        for line in document.shell_lines()
        if line.startswith("make ")
        for word in shlex.split(line, comments=True)[1:]
        if "=" not in word
    }

    assert sorted(f"{name}: make {word}" for name, word in asked if word not in targets) == []


def test_a_broken_link_is_found() -> None:
    document = Document(ROOT / "README.md", "# One\n")

    assert _is_broken(document, "docs/no-such-page.md")
    assert _is_broken(document, "#two")
    assert not _is_broken(document, "#one")


def test_contributing_names_every_room_of_the_domain() -> None:
    [guide] = documents("CONTRIBUTING.md")
    rooms = {path.parent.name for path in (ROOT / "domain").glob("*/__init__.py")}

    assert sorted(room for room in rooms if f"`domain/{room}/`" not in guide.text) == []
