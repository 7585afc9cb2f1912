// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

extension Integration {
  /// A registry that wants to know who asks, and what is told of it before anything runs.
  @Suite(.enabled(if: TLSReceiver.isAvailable, "needs openssl and Python")) struct SchemaRegistries {
    private static let files = ["Placed/1.avsc": ContractFiles.avro]
    private static let subject = ["--registry-subject", "record"]

    private func check(_ path: String, _ options: [String]) throws -> ChildProcess {
      let child = try ChildProcess(Tailrace.path, ["contracts", "check", path] + Self.subject + options)
      _ = try child.exitCodeAfterAllOutput()
      return child
    }

    enum Proof: CaseIterable { case password, token, certificate }

    @Test(arguments: Proof.allCases)
    func `who is let in registers contracts, and a check has nothing to say of them any more`(_ proof: Proof) throws {
      try withDatabase { database in
        let path = try database.files.contracts(Self.files)
        let file = database.files.file("secret")
        try "secret\n".write(toFile: file, atomically: true, encoding: .utf8)
        let authority = try TLSReceiver(in: database.files)
        defer { authority.end() }
        let (wants, options, refusal): ([String], [String], String) =
          switch proof {
          case .password:
            (
              ["--user", "relay:secret"], ["--registry-user", "relay", "--registry-password-file", file],
              "does not let us in, with status 401; check --registry-user and --registry-password-file"
            )
          case .token: (["--token", "secret"], ["--registry-token-file", file], "does not let us in, with status 401")
          case .certificate:
            (
              ["--certificate", authority.certificate, "--key", authority.key],
              ["--registry-ca-file", authority.authority], "name who vouches for it: --registry-ca-file PATH"
            )
          }
        let registry = try SchemaRegistry(wants)
        defer { registry.end() }
        let unproven = try check(path, ["--registry", registry.url])
        #expect(try unproven.exitCode() == 78 && unproven.errors.text.contains(refusal), "\(unproven.errors.text)")
        let named = ["--registry", registry.url] + options
        let unknown = try check(path, named)
        #expect(try unknown.exitCode() == 0)
        #expect(unknown.output.text.contains("the registry has not got it under the subject Placed"))
        let receiver = try WebServer()
        defer { receiver.close() }
        try database.psql("SELECT place(1);")
        let stream = try database.stream(
          ["--until", "now", "--sink", receiver.url, "--http-mode", "binary", "--contracts", path, "--encode", "avro"]
            + ["--registry-register"] + Self.subject + named)
        #expect(try stream.exitCodeAfterAllOutput() == 0, "\(stream.errors.text)")
        #expect(receiver.requests.map { $0.headers["content-length"] } == ["6"])
        let known = try check(path, named)
        #expect(try known.exitCode() == 0 && known.output.text.isEmpty, "\(known.output.text)")
        #expect(registry.requests.last == "POST /subjects/Placed 200")
      }
    }

    @Test func `a version that the registry would not take beside the latest is a violation`() throws {
      let files = try TemporaryDirectory()
      defer { files.remove() }
      let registry = try SchemaRegistry(["--incompatible"])
      defer { registry.end() }
      let url = "\(registry.url)/subjects/Placed/versions"
      _ = try ChildProcess.run("/usr/bin/env", ["curl", "-sSf", url, "-d", #"{"schema": "\"int\""}"#])
      let found = try check(try files.contracts(Self.files), ["--registry", registry.url, "--json"])
      #expect(try found.exitCode() == 65)
      #expect(found.output.text.contains(#""level":"violation","code":"registry","type":"Placed","version":1"#))
      let gone = try check(files.file("contracts"), ["--registry", "http://127.0.0.1:1"])
      #expect(try gone.exitCode() == 69 && gone.errors.text.contains("connection refused"), "\(gone.errors.text)")
    }

    @Test func `the doctor asks the registry, registers nothing, and peek does not ask it`() throws {
      try withDatabase { database in
        let path = try database.files.contracts(Self.files)
        let registry = try SchemaRegistry()
        defer { registry.end() }
        let options =
          ["--sink", "http://127.0.0.1:1/", "--http-mode", "binary", "--contracts", path, "--encode", "avro"]
          + Self.subject
        for (url, more, state, words) in [
          ("http://127.0.0.1:1", [], "failure", "connection refused"),
          (registry.url, [], "failure", "does not know 1 of 1, the first being \(path)/Placed/1.avsc"),
          (registry.url, ["--registry-register"], "ok", "does not know 1 of 1"),
        ] as [(String, [String], String, String)] {
          let found = try #require(try database.doctor(options + ["--registry", url] + more)["registry"])
          #expect(found.state == state && found.found.contains(words), "\(found)")
        }
        #expect(registry.requests.allSatisfy { $0 == "POST /subjects/Placed 404" })
        _ = try ChildProcess.run(
          "/usr/bin/env",
          [
            "curl", "-sSf", "\(registry.url)/subjects/Placed/versions", "-d",
            "{\"schema\": \"\(ContractFiles.avro.replacingOccurrences(of: "\"", with: "\\\""))\"}",
          ])
        let known = try database.doctor(options + ["--registry", registry.url])["registry"]
        #expect(
          known?.state == "ok" && known?.found.contains("knows the contract") == true, "\(String(describing: known))")
        try database.psql("SELECT place(1); INSERT INTO outbox (aggregateid, payload) VALUES ('a', '{\"n\": 1.5}');")
        let peek = try database.tailrace(["peek"] + database.names + options + ["--registry", "http://127.0.0.1:1"])
        #expect(try peek.exitCodeAfterAllOutput() == 0, "\(peek.errors.text)")
        let lines = peek.output.lines
        #expect(lines.count == 3 && lines[1].hasSuffix("http://127.0.0.1:1/"), "\(lines)")
        #expect(lines.last?.contains("nowhere: ") == true && lines.last?.contains("breaks its contract") == true)
      }
    }
  }
}
