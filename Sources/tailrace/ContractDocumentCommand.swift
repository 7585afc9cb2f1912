// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Contracts
import PostgresWire
import Settings

extension ContractsCommand {
  /// `tailrace contracts document`: what events promise, for those who read them.
  struct Document: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Writes what contracts promise as an AsyncAPI 3 document and as a page; needs no server.",
      discussion: """
        Reads the same directory as check, and writes two files into another one, which is made if it is not there:

          asyncapi.json  for tools: AsyncAPI 3.0.0, a message for each version
          index.html     to read: fields, changes, examples; it loads nothing

        The same contracts make the same bytes, so the files can be committed. --check writes nothing, and ends with 65 where \
        they are not what would be written: for CI.

        Examples keep their contracts; where none can be made, the page says so. Versions that do not go together are \
        documented, with what is wrong between them. Ends with 65 where a contract is broken, with 73 where the files cannot \
        be written, and with 78 where the contracts cannot be read at all.

        Examples:
          tailrace contracts document contracts/ --output docs/
          tailrace contracts document contracts/ --output docs/ --check
        """)

    @Argument(help: ArgumentHelp("The contracts.", valueName: "directory"), completion: .directory) var directory:
      String

    @Option(
      help: ArgumentHelp(
        "Where the two files are; what was there under their names is replaced.", valueName: "directory"),
      completion: .directory)
    var output: String

    @Option(
      help: ArgumentHelp(
        "What the documents are called; the name of the contracts' directory where it is not given.",
        valueName: "text"))
    var title: String?

    @Option(help: ArgumentHelp("The documents' own version.", valueName: "text"))
    var documentVersion = "1.0.0"

    @Flag(help: "Write nothing; end with 65 where the files are not what would be written.")
    var check = false

    func run() throws {
      try reportingErrors {
        try ContractDocumentFiles.check(output, beside: directory)
        let tree = try ContractTree(directory: directory)
        let contracts = try ContractDirectory(tree)
        let faults = contracts.catalogue.faults
        guard faults.isEmpty else {
          for line in ContractFinding.lines(faults) { print(line) }
          say(
            "error: \(faults.count) \(faults.count == 1 ? "thing is" : "things are") wrong in \(directory), and nothing is "
              + "written; see tailrace contracts check")
          throw ExitCode(65)
        }
        let files = try ContractDocumentFiles(contracts, tree, title: shownTitle, version: documentVersion)
        let output = output.count > 1 && output.hasSuffix("/") ? String(output.dropLast()) : output
        guard check else {
          try files.write(to: output)
          say("\(files.paths(in: output).joined(separator: " and ")) are written")
          return
        }
        let differing = try files.differing(in: output)
        guard !differing.isEmpty else {
          say("\(files.paths(in: output).joined(separator: " and ")) are what would be written")
          return
        }
        say(
          "error: \(differing.joined(separator: " and ")) \(differing.count == 1 ? "is" : "are") not what would be written; "
            + "run the same without --check, and commit what it writes")
        throw ExitCode(65)
      }
    }

    /// Of a directory that has no name of its own, such as `.`, the word for what is in it.
    private var shownTitle: String {
      if let title { return title }
      let name = directory.split(separator: "/").last.map(String.init) ?? ""
      return ["", ".", ".."].contains(name) ? "contracts" : name
    }
  }
}
