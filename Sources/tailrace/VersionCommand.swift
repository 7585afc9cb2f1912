// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import CBuildFacts
import Digests
import PostgresClient
import Settings

/// `tailrace version`: what a report of a defect should say.
struct VersionCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "version", abstract: "Tells the version, the commit, and the libraries it runs with.")

  func run() {
    let commit = unsafe String(cString: tailrace_commit())
    print("tailrace \(Tailrace.configuration.version)")
    print("commit \(commit.isEmpty ? "unknown: not made by Scripts/build" : commit)")
    print("libpq \(LibraryVersions.libpq)")
    print(SHA256.library)
    print(SinkSettings.kafkaLibrary.map { "librdkafka \($0)" } ?? "without Kafka")
  }
}
