"""The documents as text, links and examples; knows nothing of what they must say."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_FENCE = re.compile(
    r"^(?P<fence>`{3,}|~{3,})(?P<language>\w*)[^\n]*\n(?P<body>.*?)^(?P=fence)\s*$", re.MULTILINE | re.DOTALL
)
_LINK = re.compile(r"\[[^\]]*\]\(\s*<?(?P<target>[^)\s>]+)>?[^)]*\)")
_REFERENCE = re.compile(r"^\[[^\]]+\]:\s*(?P<target>\S+)", re.MULTILINE)
_HEADING = re.compile(r"^#{1,6}\s+(?P<title>.+?)\s*#*$", re.MULTILINE)
_SHELLS = {"console", "sh", "bash", "shell"}


@dataclass(frozen=True, slots=True)
class Document:
    path: Path
    text: str

    @property
    def name(self) -> str:
        return self.path.relative_to(ROOT).as_posix()

    @property
    def prose(self) -> str:
        return _FENCE.sub("", self.text)

    def links(self) -> Iterator[str]:
        prose = re.sub(r"`[^`\n]*`", "", self.prose)
        for pattern in (_LINK, _REFERENCE):
            yield from (match["target"] for match in pattern.finditer(prose))

    def anchors(self) -> set[str]:
        """The anchors that GitHub makes of the headings; a repeated one gets a number."""
        found: dict[str, int] = {}
        for match in _HEADING.finditer(self.prose):
            slug = re.sub(r"[^\w\- ]", "", match["title"].lower()).replace(" ", "-")
            found[slug] = found.get(slug, -1) + 1
        return {slug if n == 0 else f"{slug}-{n}" for slug, count in found.items() for n in range(count + 1)}

    def shell_lines(self) -> Iterator[str]:
        """What a reader would type: in a console block the lines after ``$``, else every line."""
        for match in _FENCE.finditer(self.text):
            if match["language"] not in _SHELLS:
                continue
            for line in match["body"].replace("\\\n", " ").splitlines():
                if match["language"] != "console":
                    yield line.strip()
                elif line.startswith("$ "):
                    yield line[2:].strip()


def documents(*patterns: str) -> list[Document]:
    files = {file for pattern in patterns or ("*.md", "docs/**/*.md") for file in ROOT.glob(pattern)}
    return [Document(file, file.read_text("utf-8")) for file in sorted(files)]


def reference() -> str:
    return "\n".join(document.text for document in documents("docs/reference/**/*.md"))
