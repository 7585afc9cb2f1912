// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

extension Integration {
  /// The password is `opensesame`; none of its letters may be shown, however it is given.
  @Suite struct Secrets {
    private static let malformed = [
      "jdbc:postgresql://relay:opensesame@127.0.0.1:1/shop", "postgresql+asyncpg://relay:opensesame@127.0.0.1:1/shop",
      "'postgresql://relay:opensesame@127.0.0.1:1/shop'", " postgresql://relay:opensesame@127.0.0.1:1/shop",
      "host=127.0.0.1;port=1;password=opensesame", "postgresql://relay:open@opensesame@127.0.0.1:1/shop",
      "Server=127.0.0.1;Port=1;Database=shop;User Id=relay;Password=opensesame;",
    ]

    private func expectSilence(_ arguments: [String], environment: [String: String] = [:]) throws {
      let child = try ChildProcess(Tailrace.path, arguments, environment: environment)
      #expect(try child.exitCodeAfterAllOutput() == 64, "\(arguments): \(child.errors.text)")
      let said = child.errors.text + child.output.lines.joined(separator: "\n")
      #expect(!said.contains("sesame"), "\(said)")
      #expect(!said.isEmpty)
    }

    @Test(arguments: malformed)
    func `a malformed connection string is refused without a word of it`(text: String) throws {
      let names = ["--publication", "events", "--slot", "relay"]
      for command in [
        ["stream", "--log-level", "trace"], ["setup"], ["setup", "--dry-run"], ["teardown"],
        ["capture", "--output", "/dev/null"],
      ] {
        try expectSilence([command[0]] + names + ["--database", text] + command.dropFirst())
        try expectSilence([command[0]] + names + command.dropFirst(), environment: ["TAILRACE_DATABASE": text])
      }
      try expectSilence(["dead-letters", "list", "--dead-letters", "table:public.letters", "--database", text])
    }

    @Test func `what the environment or a service file has in the wrong place is not shown`() throws {
      let files = try TemporaryDirectory()
      defer { files.remove() }
      let services = files.file("services")
      try """
      [host]
      host=relay:opensesame@127.0.0.1
      [port]
      host=127.0.0.1
      port=opensesame
      [database]
      host=127.0.0.1
      port=1
      dbname=postgresql://relay:opensesame@127.0.0.1:1/shop
      """.write(toFile: services, atomically: false, encoding: .utf8)
      let stream = ["stream", "--publication", "events", "--slot", "relay", "--log-level", "trace"]
      let here = ["PGHOST": "127.0.0.1", "PGPORT": "1"]
      for wrong in [
        ["PGHOST": "relay:opensesame@127.0.0.1"], ["PGHOST": "postgresql://relay:opensesame@127.0.0.1"],
        ["PGHOST": "relay:opensesame"], ["PGPORT": "1;password=opensesame"],
        ["PGDATABASE": "postgresql://relay:opensesame@127.0.0.1:1/shop"], ["PGUSER": "relay;password=opensesame"],
        ["PGSSLMODE": "opensesame"],
      ] { try expectSilence(stream, environment: here.merging(wrong) { $1 }) }
      for service in ["host", "port", "database"] {
        try expectSilence(stream, environment: ["PGSERVICEFILE": services, "PGSERVICE": service])
        try expectSilence(stream + ["--database", "service=\(service)"], environment: ["PGSERVICEFILE": services])
      }
      try "[a]\nhost=127.0.0.1\npassword: opensesame\n".write(toFile: services, atomically: false, encoding: .utf8)
      let child = try ChildProcess(
        Tailrace.path, stream, environment: ["PGSERVICEFILE": services, "PGSERVICE": "a"])
      #expect(try child.exitCode() == 78, "it is not tried again: \(child.errors.text)")
      #expect(!child.errors.text.contains("sesame"), "\(child.errors.text)")
    }

    @Test(arguments: [
      ["stream", "postgresql://relay:opensesame@127.0.0.1:1/shop"],
      ["stream", "--databse", "postgresql://relay:opensesame@127.0.0.1:1/shop"],
      ["stream", "--databse=postgresql://relay:opensesame@127.0.0.1:1/shop"],
      ["stream", "--until", "postgresql://relay:opensesame@127.0.0.1:1/shop"],
      ["stream", "--log-level=host=h password=opensesame"], ["postgresql://relay:opensesame@127.0.0.1:1/shop"],
      ["setup", "host=h", "password=opensesame"],
      [
        "stream", "--database", "host=h", "user=relay", "password", "=", "opensesame", "--publication", "p", "--slot",
        "s",
      ],
      ["stream", "--database", "postgresql://relay:a", "opensesame", "b@h/d", "--publication", "p", "--slot", "s"],
      ["stream", "--publication", "p", "--slot", "s", "--password", "opensesame"],
      ["stream", "--publication", "p", "--slot", "password=opensesame"],
      ["dead-letters", "https://relay:opensesame@orders.example"],
      ["stream", "--publication", "p", "--slot", "s", "--sink", "htps://relay:opensesame@orders.example/x"],
      ["stream", "--publication", "p", "--slot", "s", "--sink", "file=https://relay:opensesame@orders.example"],
    ])
    func `a connection string in the wrong place is not shown`(arguments: [String]) throws {
      try expectSilence(arguments)
    }
  }
}
