#!/usr/bin/env python3
"""Writes the manual pages of the program and of each of its commands, from what it says of itself.

The program tells its commands and options with --experimental-dump-help. A page is FOLDER/tailrace-COMMAND.1.
"""

import json
import pathlib
import re
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lib.d"))

from command_line import Parser  # noqa: E402


def plain(text):
    """Text as troff takes it: no word of it is a request."""
    text = text.replace("\\", "\\e").replace("-", "\\-").replace("'", "\\(aq").replace("`", "\\(ga")
    text = text.replace("~", "\\(ti").replace("^", "\\(ha")
    return re.sub(r"^([.'])", r"\\&\1", text, flags=re.M)


def paragraphs(text):
    """A discussion: what is indented stays as it is."""
    for paragraph in text.strip("\n").split("\n\n"):
        lines = paragraph.split("\n")
        shown = [line for line in lines if line.startswith("  ")]
        said = [line for line in lines if not line.startswith("  ")]
        if said:
            yield ".PP"
            yield plain(" ".join(said))
        if shown:
            yield from (".PP", ".nf", *(plain(line) for line in shown), ".fi")


def name_of(argument, name):
    return ("-" if name["kind"] == "short" else "--") + name["name"] if argument["kind"] != "positional" else argument["valueName"]


def option(argument):
    """An option with its names, its value and what it does."""
    value = f" \\fI{plain(argument['valueName'])}\\fR" if argument["kind"] == "option" else ""
    if argument["kind"] == "positional":
        head = f"\\fI{plain(argument['valueName'])}\\fR"
    else:
        head = ", ".join(f"\\fB{plain(name_of(argument, name))}\\fR" for name in argument["names"]) + value
    words = argument.get("abstract", "")
    for key, label in (("allValueStrings", "Values"), ("allValues", "Values")):
        if argument.get(key):
            words += f" {label}: {', '.join(argument[key])}."
            break
    if argument.get("defaultValue"):
        words += f" Default: {argument['defaultValue']}."
    return [".TP", head, plain(words.strip()) or "\\&"]


def synopsis(words, command):
    parts = []
    for argument in command.get("arguments", []):
        if not argument.get("shouldDisplay") or argument.get("preferredName", {}).get("name") in ("help", "version"):
            continue
        if argument["kind"] == "positional":
            text = f"\\fI{plain(argument['valueName'])}\\fR"
        elif argument["isOptional"]:
            continue
        else:
            text = f"\\fB\\-\\-{plain(argument['preferredName']['name'])}\\fR \\fI{plain(argument['valueName'])}\\fR"
        parts.append(f"[{text}]" if argument["isOptional"] else text)
    if any(argument["isOptional"] and argument["kind"] != "positional" for argument in command.get("arguments", [])):
        parts.append("[\\fIoption\\fR ...]")
    if command.get("subcommands"):
        parts.append("\\fIcommand\\fR")
    return " ".join([f"\\fB{plain(' '.join(words))}\\fR", *parts])


def page(words, command, version, others):
    """One page."""
    title = "-".join(words)
    lines = [
        f'.TH {plain(title.upper())} 1 "" "tailrace {version}" "tailrace"', ".SH NAME",
        f"{plain(title)} \\- {plain(command['abstract'].rstrip('.'))}", ".SH SYNOPSIS", synopsis(words, command)]
    lines.append(".SH DESCRIPTION")
    lines.append(plain(command["abstract"]))
    lines += paragraphs(command.get("discussion", ""))
    arguments = [argument for argument in command.get("arguments", []) if argument.get("shouldDisplay")]
    if arguments:
        lines.append(".SH OPTIONS")
        for argument in arguments:
            lines += option(argument)
    if command.get("subcommands"):
        lines.append(".SH COMMANDS")
        for other in command["subcommands"]:
            if other["commandName"] != "help":
                lines += [".TP", f"\\fB{plain(other['commandName'])}\\fR", plain(other["abstract"])]
    lines.append(".SH SEE ALSO")
    lines.append(",\n".join(f"\\fB{plain(other)}\\fR(1)" for other in others if other != title))
    return "\n".join(lines) + "\n"


def commands(words, command):
    """The command and all below it, each with the words that call it."""
    yield words, command
    for other in command.get("subcommands", []):
        if other["commandName"] != "help":
            yield from commands([*words, other["commandName"]], other)


def main():
    parser = Parser(__doc__)
    parser.add_argument("binary", help="the program")
    parser.add_argument("folder", help="where the pages go", type=pathlib.Path)
    options = parser.parse_args()

    def said(*arguments):
        return subprocess.run([options.binary, *arguments], stdout=subprocess.PIPE, text=True, check=True).stdout

    version = said("--version").strip()
    root = json.loads(said("--experimental-dump-help"))["command"]
    found = list(commands([root["commandName"]], root))
    names = ["-".join(words) for words, _ in found]
    options.folder.mkdir(parents=True, exist_ok=True)
    for words, command in found:
        title = "-".join(words)
        others = [name for name in names if name.count("-") <= 1 or name.startswith(title)] if len(words) == 1 else [
            names[0], *(name for name in names if name.startswith(f"{title}-"))]
        (options.folder / f"{title}.1").write_text(page(words, command, version, others), encoding="utf-8")
    return 0


sys.exit(main())
