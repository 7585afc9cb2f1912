// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

extension Integration {
  /// What `Scripts/scratch-broker` starts.
  @Suite(.timeLimit(.minutes(5))) struct ScratchBroker {
    private static let script = URL(fileURLWithPath: #filePath).appendingPathComponent(
      "../../../Scripts/scratch-broker"
    ).standardizedFileURL.path

    private func broker(_ arguments: String...) throws -> String {
      try ChildProcess.run(Self.script, arguments, within: 120).trimmingCharacters(in: .newlines)
    }

    private func withDirectory(_ body: (String) throws -> Void) throws {
      let files = try TemporaryDirectory()
      defer { files.remove() }
      let directory = files.file("broker")
      defer { _ = try? broker("destroy", directory) }
      try body(directory)
    }

    /// The addresses at which a process listens, in the hexadecimal form of `/proc/net`.
    private func listeners(_ pid: String) throws -> [String] {
      let descriptors = "/proc/\(pid)/fd"
      let sockets = try FileManager.default.contentsOfDirectory(atPath: descriptors).compactMap {
        try? FileManager.default.destinationOfSymbolicLink(atPath: "\(descriptors)/\($0)")
      }
      return try ["tcp", "tcp6"].flatMap { table in
        // Read piece by piece: Foundation has only the beginning of one that is long.
        try ChildProcess.run("/bin/cat", ["/proc/net/\(table)"]).split(separator: "\n").compactMap { line in
          let fields = line.split(separator: " ")
          guard fields.count > 9, fields[3] == "0A", sockets.contains("socket:[\(fields[9])]") else { return nil }
          return String(fields[1].prefix { $0 != ":" })
        }
      }
    }

    @Test func `RabbitMQ listens on loopback alone, and keeps what it has stored through a kill`() throws {
      try withDirectory { directory in
        let address = try broker("start", "rabbitmq", directory, "--set", "max_message_size=1000")
        #expect(address.hasPrefix("amqp://guest@127.0.0.1:"))
        for name in ["broker", "epmd"] {
          let pid = try String(contentsOfFile: "\(directory)/\(name).pid", encoding: .utf8)
          let found = try listeners(pid.trimmingCharacters(in: .newlines))
          let loopback: Set = ["0100007F", "00000000000000000000000001000000"]
          #expect(!found.isEmpty && loopback.isSuperset(of: found), "\(found)")
        }
        #expect(try python(publishing: 10, address) == "10")
        _ = try broker("kill", directory)
        #expect(try broker("start", "rabbitmq", directory) == address)
        #expect(try python(publishing: 0, address) == "10")
        #expect(try broker("ctl", directory, "list_queues", "name", "type").contains("events\tquorum"))
      }
    }

    /// Publishes persistent messages, and says how many the queue gives out.
    private func python(publishing count: Int, _ address: String) throws -> String {
      let program = """
        import pika, sys
        connection = pika.BlockingConnection(pika.ConnectionParameters("127.0.0.1", int(sys.argv[1])))
        channel = connection.channel()
        channel.confirm_delivery()
        for n in range(int(sys.argv[2])):
            channel.basic_publish("events", "a.b", b"x", pika.BasicProperties(delivery_mode=2), mandatory=True)
        count = 0
        for method, _, _ in channel.consume("events", inactivity_timeout=2):
            if method is None:
                break
            count += 1
        print(count)
        """
      let port = try #require(address.split(separator: ":").last)
      return try ChildProcess.run(
        "/usr/bin/env", ["python3", "-c", program, String(port), String(count)],
        environment: ["PYTHONPATH": broker("python")]
      ).trimmingCharacters(in: .newlines)
    }

    @Test func `Redis listens on loopback alone, and keeps what it has answered for through a kill`() throws {
      try withDirectory { directory in
        let address = try broker("start", "redis", directory, "--set", "maxmemory=100mb")
        #expect(address.hasPrefix("redis://127.0.0.1:"))
        let pid = try String(contentsOfFile: "\(directory)/broker.pid", encoding: .utf8)
        #expect(try listeners(pid.trimmingCharacters(in: .newlines)) == ["0100007F"])
        _ = try broker("ctl", directory, "xadd", "events", "1-1", "a", "b")
        _ = try broker("kill", directory)
        #expect(try broker("start", "redis", directory) == address)
        #expect(try broker("ctl", directory, "xlen", "events").trimmingCharacters(in: .newlines) == "1")
        #expect(try broker("ctl", directory, "config", "get", "maxmemory").contains("104857600"))
      }
    }

    @Test func `what speaks Kafka's protocol has the topics it was asked for, and again after a restart`() throws {
      try withDirectory { directory in
        let address = try broker("start", "kafka", directory, "--topic", "orders:3", "--topic", "letters")
        for _ in 1...2 {
          let listed = try ChildProcess.run(
            "/usr/bin/env", ["kcat", "-b", String(address.dropFirst("kafka:".count)), "-L"],
            environment: ["LD_LIBRARY_PATH": broker("library")])
          #expect(listed.contains("topic \"orders\" with 3 partitions"), "\(listed)")
          #expect(listed.contains("topic \"letters\" with 4 partitions"), "\(listed)")
          #expect(try broker("restart", directory) == address)
        }
      }
    }

    @Test func `a directory of somebody else is left alone, and wrong use is told`() throws {
      try withDirectory { directory in
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: false)
        try Data("mine".utf8).write(to: URL(filePath: "\(directory)/file"))
        for (arguments, code) in [
          (["start", "kafka", directory], 1), (["destroy", directory], 1), (["stop", directory], 1),
          (["start", "pulsar", directory], 64), (["start", "kafka"], 64),
          (["start", "kafka", directory, "--set", "a=b"], 64),
        ] as [([String], Int32)] {
          let script = try ChildProcess(Self.script, arguments)
          #expect(try script.exitCodeAfterAllOutput() == code, "\(arguments)")
        }
        #expect(try String(contentsOfFile: "\(directory)/file", encoding: .utf8) == "mine")
      }
    }
  }
}
