// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

extension Integration {
  /// What a shell completes.
  @Suite struct Completions {
    private struct Help: Decodable {
      struct Argument: Decodable {
        struct Name: Decodable { let name: String }
        let valueName: String?
        let preferredName: Name?
        let completionKind: Kind?
      }
      /// The word for it alone.
      struct Kind: Decodable {
        let name: String

        init(from decoder: any Decoder) throws {
          struct Key: CodingKey {
            let stringValue: String
            var intValue: Int? { nil }
            init(stringValue: String) { self.stringValue = stringValue }
            init?(intValue: Int) { nil }
          }
          name = try decoder.container(keyedBy: Key.self).allKeys.map(\.stringValue).joined()
        }
      }
      struct Command: Decodable {
        let commandName: String
        let arguments: [Argument]?
        let subcommands: [Command]?
      }
      let command: Command
    }

    @Test func `whatever takes a file or a directory says so to shells`() throws {
      let text = try ChildProcess.run(Tailrace.path, ["--experimental-dump-help"])
      var commands = [try JSONDecoder().decode(Help.self, from: Data(text.utf8)).command]
      var count = 0
      while let command = commands.popLast() {
        commands += command.subcommands ?? []
        for argument in command.arguments ?? [] {
          guard let value = argument.valueName, ["path", "file", "directory"].contains(value) else { continue }
          let wanted = value == "directory" ? "directory" : "file"
          #expect(
            argument.completionKind?.name == wanted,
            "\(command.commandName) \(argument.preferredName?.name ?? value)")
          count += 1
        }
      }
      #expect(count > 20)
    }

    @Test(arguments: [
      ["run", "--config"], ["config", "check"], ["stream", "--password-file"], ["stream", "--ca-file"],
      ["stream", "--spool-dir"], ["replay"], ["inspect"], ["dead-letters", "list", "--config"],
    ])
    func `bash completes paths`(words: [String]) throws {
      let files = try TemporaryDirectory()
      defer { files.remove() }
      try FileManager.default.createDirectory(atPath: files.file("mine"), withIntermediateDirectories: false)
      let script = files.file("completion")
      try ChildProcess.run(Tailrace.path, ["--generate-completion-script", "bash"]).write(
        toFile: script, atomically: true, encoding: .utf8)
      let found = try ChildProcess.run(
        "/bin/bash",
        [
          "-c",
          """
          . "$1"; shift
          COMP_WORDS=(tailrace "$@") COMP_CWORD=$# COMP_LINE="tailrace $*" COMP_POINT=$((${#*} + 9))
          "$(complete -p tailrace | sed 's/.*-F \\([^ ]*\\) .*/\\1/')" tailrace "${@: -1}" "${@: -2:1}" 2>/dev/null
          printf '%s\\n' "${COMPREPLY[@]}"
          """, "bash", script,
        ] + words + [files.file("mi")])
      #expect(found.split(separator: "\n").contains { $0 == files.file("mine") }, "\(found)")
    }
  }
}
