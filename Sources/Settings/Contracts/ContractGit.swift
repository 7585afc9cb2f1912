// SPDX-License-Identifier: Apache-2.0

import Files
import PostgresWire

/// What git knows of a directory of contracts.
package struct ContractGit: Sendable {
  private let directory: String
  /// In a hook git says where its repository is, and would believe it of any directory. Nothing is fetched for a look.
  private static let own =
    ["env"] + ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX"].flatMap { ["-u", $0] }
    + ["GIT_NO_LAZY_FETCH=1"]

  package init(_ directory: String) { self.directory = directory }

  /// Whether a name is that of a commit. No, where there is no git.
  package func knows(_ commit: String) -> Bool {
    guard !commit.isEmpty, !commit.hasPrefix("-") else { return false }
    return (try? run(["rev-parse", "--verify", "--quiet", "\(commit)^{commit}"])) != nil
  }

  /// Says why there is no such commit, if there is none.
  func find(_ commit: String) throws(Failure) {
    guard !commit.isEmpty, !commit.hasPrefix("-") else {
      throw Failure(
        .settings, "what to compare with is no name of a commit", advice: "name a branch, a tag or a commit")
    }
    _ = try prefix(for: commit)
    guard !knows(commit) else { return }
    let problem = "cannot read the contracts of \(commit): git knows no such commit in \(directory)"
    if commit.contains(":") {
      throw Failure(
        .settings, "\(Wording(problem))",
        advice: "name the commit alone: what it has of the checked directory is compared")
    }
    let branch = commit.hasPrefix("origin/") ? String(commit.dropFirst("origin/".count)) : commit
    throw Failure(
      .settings, "\(Wording(problem))",
      advice:
        "name a branch, a tag, a commit or a directory; a clone of CI may have to fetch it first, with git fetch origin "
        + "\(branch) and \(setting: "against", "origin/\(branch)")")
  }

  /// Where the directory is in its repository, with a slash behind it; empty for the repository's own.
  func prefix(for commit: String) throws(Failure) -> String {
    let printed = try output(["rev-parse", "--show-prefix"], for: commit)
    return String(decoding: printed.prefix { $0 != 0x0A }, as: UTF8.self)
  }

  /// What git prints.
  func output(_ words: [String], for commit: String) throws(Failure) -> [UInt8] {
    do throws(ProgramOutput.Trouble) {
      return try run(words)
    } catch {
      throw Failure(
        .settings, "cannot read the contracts of \(commit): \(why(error, words))",
        advice: "install git and name a commit of this repository, or name a directory")
    }
  }

  private func why(_ trouble: ProgramOutput.Trouble, _ words: [String]) -> Wording {
    switch trouble {
    case .start(.missing), .code(127): return "git is not installed, or not in PATH"
    case .start(let failure): return "git cannot be run: \(failure.textInSentence)"
    case .endless: return "git prints more than 16 MiB"
    case .late: return "git has not ended within a minute"
    default:
      // What went wrong it says to its other output.
      let told =
        (try? ProgramOutput.of(
          Self.own + ["sh", "-c", "git \"$@\" 2>&1 || :", "sh", "-C", directory] + words,
          atMost: ContractTree.longest, patience: .seconds(60))) ?? []
      let line = String(decoding: told.prefix { $0 != 0x0A }.prefix(300), as: UTF8.self)
      return "git says: \(line)"
    }
  }

  private func run(_ words: [String]) throws(ProgramOutput.Trouble) -> [UInt8] {
    try ProgramOutput.of(
      Self.own + ["git", "-C", directory] + words, atMost: ContractTree.longest, patience: .seconds(60))
  }
}
