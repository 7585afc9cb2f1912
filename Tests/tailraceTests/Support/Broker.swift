// SPDX-License-Identifier: Apache-2.0

import Foundation

/// A throwaway message broker, made by `Scripts/scratch-broker`.
final class Broker: Sendable {
  private let directory: TemporaryDirectory
  /// As `--sink` takes it.
  let address: String

  /// Starts one.
  ///
  /// - Parameters:
  ///   - kind: `kafka` or `rabbitmq`.
  ///   - options: further ones of the script's.
  init(_ kind: String, _ options: [String] = []) throws {
    directory = try TemporaryDirectory()
    do {
      address = try Self.script(["start", kind, directory.path] + options, within: 120).trimmingCharacters(
        in: .newlines)
    } catch {
      directory.remove()
      throw error
    }
  }

  /// Manages it with its own program.
  @discardableResult
  func control(_ arguments: [String]) throws -> String { try Self.script(["ctl", directory.path] + arguments) }

  /// Ends it and removes what it wrote.
  func remove() {
    _ = try? Self.script(["destroy", directory.path])
    directory.remove()
  }

  /// Where a library lies that reads the answers of Kafka's throwaway broker.
  static let library = (try? script(["library"]).trimmingCharacters(in: .newlines)) ?? ""

  private static func script(_ arguments: [String], within seconds: Double = 60) throws -> String {
    let path = URL(fileURLWithPath: #filePath).appendingPathComponent("../../../../Scripts/scratch-broker")
    return try ChildProcess.run(path.standardizedFileURL.path, arguments, within: seconds)
  }
}

/// A record as kcat reads it.
struct KafkaRecord: Decodable {
  let partition: Int
  let key: String?
  let payload: String?
  let headers: [String]?

  /// A header's value.
  subscript(_ name: String) -> String? {
    guard let headers, let index = headers.firstIndex(of: name), index + 1 < headers.count else { return nil }
    return headers[index + 1]
  }
}

extension Broker {
  /// What is stored in a topic.
  func records(in topic: String) throws -> [KafkaRecord] {
    let servers = String(address.dropFirst("kafka:".count))
    let output = try ChildProcess.run(
      "/usr/bin/env", ["kcat", "-b", servers, "-C", "-t", topic, "-o", "beginning", "-e", "-q", "-J"],
      environment: ["LD_LIBRARY_PATH": Self.library])
    return try output.split(separator: "\n").map { try JSONDecoder().decode(KafkaRecord.self, from: Data($0.utf8)) }
  }
}
