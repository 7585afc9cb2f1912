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
    commandName: "contracts",
    abstract: "Checks and documents the contracts of events: their schemas, and that versions go together.",
    discussion: """
      Events are held to the same files where they leave: stream, run, replay, peek and doctor take --contracts.
      """,
    subcommands: [Check.self, Document.self])

  struct Check: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Reads the contracts in a directory, and compares the versions of each type; needs no server.",
      discussion: """
        A directory has for each type of event a directory with 1.avsc, 2.avsc, … (Avro), 1.json, … (JSON Schema) or 1.binpb, \
        … (Protobuf's descriptor sets); a slash in a type is %2F there. It may have contracts.yaml.

        Prints a line for each thing that was found. A violation breaks what was promised; of what is unknown somebody has to \
        look whether it does; a remark may be meant. Ends with 65 where there are violations or unknowns, with 0 where there \
        are none, and with 78 where the contracts, or what they are compared with, cannot be read at all.

        contracts.yaml:
          compatibility: backward_transitive
          # or none, backward, forward, full;
          # with _transitive: all versions before
          strict: false
          # true: what a JSON Schema leaves open
          # may have been there as anything
          protobuf: wire_json
          # or wire: names may change
          types:
            OrderPlaced:
              compatibility: full
              accepted: [3 after 2]
              # an unknown that was looked at

        Examples:
          tailrace contracts check contracts/
          tailrace contracts check contracts/ --against origin/main
          tailrace contracts check contracts/ --encode avro
        """)

    @Argument(help: ArgumentHelp("The contracts.", valueName: "directory"), completion: .directory) var directory:
      String

    @Option(
      help: ArgumentHelp(
        "Also refuse that a version was changed or taken away since: another directory, or a commit that git knows.",
        valueName: "directory|commit"), completion: .directory)
    var against: String?

    @Option(
      help: ArgumentHelp("Remark on contracts by which data can be larger, or of any size.", valueName: "size"))
    var maxPayload: ByteSize?

    @Option(
      help: ArgumentHelp(
        "Also refuse contracts whose data a stream with the same --encode could not encode.", valueName: "format"))
    var encode: DataFormat?

    @OptionGroup var registry: RegistryOptions

    @Option(
      help: ArgumentHelp(
        "The topic that subjects are called by at the registry, where they are called by one.", valueName: "topic"))
    var registryTopic: String?

    @Flag(
      help: """
        Print a JSON object a line: level, code, type, version, other, file, line, path, rule, advice. Codes stay the same \
        when words change.
        """)
    var json = false

    func validate() throws {
      let settings = registry.settings
      try Flags.checking { () throws(Failure) in try settings.validateCheck(topic: registryTopic) }
    }

    func run() throws {
      try reportingErrors {
        let contracts = try ContractDirectory(try ContractTree(directory: directory))
        var findings = contracts.catalogue.findings(contracts.rules)
        if let maxPayload { findings += contracts.catalogue.largerThan(Int(maxPayload.bytes)) }
        if let encode { findings += contracts.catalogue.findings(encoding: encode) }
        if let against { findings += try Baseline(against, of: directory).findings(contracts.catalogue) }
        findings += try registry.settings.findings(contracts.catalogue, topic: registryTopic)
        for line in json ? findings.map(Self.json) : ContractFinding.lines(findings) { print(line) }
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

    private static func json(_ finding: ContractFinding) -> String {
      let members: [(String, String?)] = [
        ("level", JSONText.string(finding.level.rawValue)), ("code", JSONText.string(finding.code)),
        ("type", finding.type.map(JSONText.string)),
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
