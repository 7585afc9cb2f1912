// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Contracts
import IntegrationEvents
import Octets
import PostgresWire
import Settings

/// `tailrace contracts`: what events promise, held to itself.
struct ContractsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "contracts", abstract: "Checks the contracts of events: their schemas, and that versions go together.",
    subcommands: [Check.self])

  struct Check: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Reads the contracts in a directory, and compares the versions of each type; needs no server.",
      discussion: """
        A directory has contracts.yaml, and for each type of event a directory with 1.avsc, 2.avsc, … (Avro) or 1.json, … (JSON \
        Schema). Prints a line for each thing that is wrong. Ends with 65 where something is, and with 0 where only remarks \
        are.

        contracts.yaml:
          compatibility: backward_transitive      # none, backward, forward, full; _transitive: with all versions before
          strict: false                           # true: what a JSON Schema leaves open may be anything, so nothing may be added
          types:
            OrderPlaced:
              compatibility: full
              accepted: [3 after 2]               # looked at by hand, where nobody else can tell

        Examples:
          tailrace contracts check contracts/
          tailrace contracts check contracts/ --against origin/main
        """)

    @Argument(help: ArgumentHelp("The contracts.", valueName: "directory"), completion: .directory) var directory:
      String

    @Option(
      help: ArgumentHelp(
        "Also refuse that a version was changed or taken away since: another directory, or a commit that git knows.",
        valueName: "directory|commit"), completion: .directory)
    var against: String?

    @Flag(help: "Print a JSON object a line.") var json = false

    func run() throws {
      try reportingErrors {
        let contracts = try ContractDirectory(try ContractTree(directory: directory))
        var findings = contracts.catalogue.findings(contracts.rules)
        if let against {
          // Nothing may have been published yet.
          let committed = try ContractDirectory(try Self.tree(against, directory), mayBeEmpty: true)
          findings += contracts.catalogue.changes(since: committed.catalogue)
        }
        for finding in findings { print(json ? Self.json(finding) : finding.text) }
        let count = findings.count(where: \.isFatal)
        guard count > 0 else {
          let versions = contracts.catalogue.types.values.reduce(0) { $0 + $1.count }
          let types = contracts.catalogue.types.count
          say(
            "\(directory): nothing is wrong in \(versions) \(versions == 1 ? "version" : "versions") of \(types) "
              + (types == 1 ? "type" : "types"))
          return
        }
        say("error: \(count) \(count == 1 ? "thing is" : "things are") wrong in \(directory)")
        throw ExitCode(65)
      }
    }

    /// A directory, where there is one of that name.
    private static func tree(_ against: String, _ directory: String) throws(Failure) -> ContractTree {
      if ContractTree.isDirectory(against) { return try ContractTree(directory: against) }
      return try ContractTree(directory: directory, at: against)
    }

    private static func json(_ finding: ContractFinding) -> String {
      let members: [(String, String?)] = [
        ("level", JSONText.string(finding.level.rawValue)), ("type", finding.type.map(JSONText.string)),
        ("version", finding.version.map { "\($0)" }), ("other", finding.other.map { "\($0)" }),
        ("file", JSONText.string(finding.file)), ("line", finding.line.map { "\($0)" }),
        ("path", JSONText.string(finding.path)), ("rule", JSONText.string(finding.rule)),
        ("advice", JSONText.string(finding.advice)),
      ]
      let text = members.map { "\"\($0)\":\($1 ?? "null")" }.joined(separator: ",")
      return "\(ForeignText("{\(text)}"))"
    }
  }
}
