"""What stands on the pages: blocks of code, and what is named within sentences."""

import dataclasses
import json
import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
FENCE = re.compile(r"^( *)```(\S*)\s*$")
# A block whose reader needs what is not here says so himself, in its first line.
NOT_RUN = re.compile(r"not run by the tests")
ENDLESS = re.compile(r"# until Ctrl-C$", re.M)


@dataclasses.dataclass(frozen=True)
class Block:
    """Code between fences, without their indentation."""

    page: str
    line: int
    language: str
    text: str

    @property
    def place(self):
        return f"{self.page}:{self.line}"

    @property
    def is_marked(self):
        return bool(NOT_RUN.search(self.text.split("\n", 1)[0]))

    @property
    def is_run(self):
        return self.language in ("sh", "sql") and not self.is_marked

    @property
    def is_endless(self):
        return bool(ENDLESS.search(self.text))

    def is_compiled(self):
        """Whether its lines stand one after another in a test or an example, indented as they may be."""
        def plain(text):
            return "\n".join(line.strip() for line in text.strip().split("\n"))

        sources = [*ROOT.glob("Tests/**/*.swift"), *ROOT.glob("Sources/Examples/**/*.swift")]
        return any(plain(self.text) in plain(source.read_text(encoding="utf-8")) for source in sources)

    def trouble(self):
        """What is wrong with it as it stands; None if nothing is."""
        if self.is_marked or self.language in ("sh", "sql", "text"):
            return None
        if self.language == "json":
            try:
                json.loads(self.text)
            except ValueError as error:
                return f"{self.place}: no JSON: {error}"
            return None
        if self.language == "yaml" and re.search(r"^relays:", self.text, re.M):
            return None  # a test holds it to the schema of configurations
        if self.language == "swift":
            return None if self.is_compiled() else f"{self.place}: this stands in no test and no example, so nothing compiles it"
        return f"{self.place}: {self.language or 'no language'} is neither run nor marked as not run by the tests"


def all_pages():
    """README, the manual and the products' catalogues, and what is for those who contribute."""
    paths = [ROOT / "README.md", *sorted(ROOT.glob("Sources/*/*.docc/*.md")), *sorted(ROOT.glob(".github/*.md"))]
    return [str(path.relative_to(ROOT)) for path in paths]


def read(page):
    """The blocks of a page, its text without them, and what is wrong with its form."""
    blocks, prose, troubles, open_at = [], [], [], None
    lines = (ROOT / page).read_text(encoding="utf-8").split("\n")
    for number, line in enumerate(lines, 1):
        fence = FENCE.match(line)
        if open_at is None and fence:
            open_at, indent, language, code = number, len(fence[1]), fence[2], []
        elif open_at is not None and fence and not fence[2]:
            blocks.append(Block(page, open_at, language, "\n".join(code) + "\n"))
            open_at = None
        elif open_at is not None:
            code.append(line[indent:])
        else:
            prose.append(line)
            if re.match(r" {4,}\S", line) and not lines[number - 2].strip():
                troubles.append(f"{page}:{number}: code without a fence, so nothing says what it is")
    if open_at is not None:
        troubles.append(f"{page}:{open_at}: a fence that is not closed")
    troubles += filter(None, (block.trouble() for block in blocks))
    return blocks, "\n".join(prose), troubles


def unfound():
    """What README does not lead to, or where it is longer than a page that is read."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    troubles = [f"README.md does not lead to {page.name}" for page in sorted(ROOT.glob("Sources/tailrace/Manual.docc/*.md"))
                if page.stem != "Manual" and f"/{page.name})" not in readme]
    lines = readme.splitlines()
    if len(lines) > 120:
        troubles.append(f"README.md has {len(lines)} lines, more than 120")
    troubles += [f"README.md:{number}: longer than 120 characters" for number, line in enumerate(lines, 1) if len(line) > 120]
    root = (ROOT / "Sources/tailrace/Manual.docc/Manual.md").read_text(encoding="utf-8")
    troubles += [f"Manual.md does not list {page.name}" for page in sorted(ROOT.glob("Sources/tailrace/Manual.docc/*.md"))
                 if page.stem != "Manual" and f"<doc:{page.stem}>" not in root]
    return troubles


def misnamed(page, prose, options):
    """Options, scripts, files and links within sentences that are not there."""
    troubles = []
    for code in re.findall(r"`([^`\n]+)`", prose):
        words = code.split()
        for option in re.findall(r"(?<![\w-])--[a-z][a-z0-9-]*", code):
            if words[0].startswith("--") or words[0].startswith("Scripts/") or words[0] in ("tailrace", *options["commands"]):
                if option not in options["all"]:
                    troubles.append(f"{page}: `{code}`: there is no {option}")
        for path in re.findall(r"^(?:Scripts|Sources|Tests|Fixtures)/[\w./+-]+", code):
            if not (ROOT / path).exists():
                troubles.append(f"{page}: `{code}`: there is no {path}")
    folder, image = (ROOT / page).parent, r"!\[[^\]]*\]\(([^)\s]+)\)"
    links = re.findall(r"\]\(([^)\s#]+)[^)]*\)", re.sub(image, "", prose))
    gone = [link for link in links if "://" not in link and not folder.joinpath(link).exists()]
    # DocC finds an image by its name, without the folder and the extension.
    gone += [name for name in re.findall(image, prose) if not any(folder.glob(f"Resources/{name}.*"))]
    return troubles + [f"{page}: a link to {link}, which is not there" for link in gone]
