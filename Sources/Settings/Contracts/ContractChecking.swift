// SPDX-License-Identifier: Apache-2.0

import Contracts
import Delivery
import HTTPDelivery
import Octets
import Operations
import OutboxMapping
import PostgresWire

/// Whether the contracts can be used.
extension ContractSettings {
  /// Nil where events are held to none.
  ///
  /// - Parameter tables: what becomes of the rows of each outbox table, as far as it is known.
  func check(_ tables: [(table: TableName, meaning: TableMeaning)]) -> Check? {
    do throws(Failure) {
      guard let compiled = try compile() else { return nil }
      let versions = compiled.versions
      let found: Wording = "\(versions) \(versions == 1 ? "contract" : "contracts") in \(directory ?? "")"
      return mismatch(compiled.catalogue, tables, found)
        ?? Check(
          .contracts, .ok, found,
          means: warnsOnly
            ? "an event that breaks its contract is told of" : "an event that breaks its contract is poison")
    } catch {
      return Check(.contracts, error, means: "a stream ends before the first event")
    }
  }

  /// Whether the registry knows all contracts; nil where none is asked, or the contracts cannot be used. Blocks, in bounded
  /// time, and registers nothing.
  func registryCheck(_ sink: SinkSettings) -> Check? {
    guard encoding != nil, let url = registry.url, let catalogue = try? compile()?.catalogue else { return nil }
    do throws(Failure) {
      let client = try SchemaRegistry(registry, url)
      defer { client.close() }
      let unknown = try client.unknown(catalogue, topic: sink.broker.route?.literal)
      let count = catalogue.allContracts.count
      guard let first = unknown.first else {
        return Check(
          .registry, .ok, "\(url.withoutSecrets) knows \(count == 1 ? "the contract" : "all \(count) contracts")",
          means: "data leaves with the ids that it gives")
      }
      let found: Wording =
        "\(url.withoutSecrets) does not know \(unknown.count) of \(count), the first being \(first.contract.file) under the subject \("\(ForeignText(first.subject))")"
      if registry.registers {
        return Check(.registry, .ok, found, means: "a stream registers what is not there when it starts")
      }
      return Check(
        .registry, .failure, found, means: "a stream ends before the first event",
        todo: ["register it there, or have it done with \(setting: "registry-register")"])
    } catch {
      let means: Wording =
        error.kind == .registry
        ? "a stream waits for it when it starts; one that runs does not need it"
        : "a stream ends before the first event"
      return Check(.registry, error, means: means)
    }
  }

  /// What shows of the tables alone: that all of their events would break their contracts, or be held to the newest.
  private func mismatch(
    _ catalogue: ContractCatalogue, _ tables: [(table: TableName, meaning: TableMeaning)], _ found: Wording
  ) -> Check? {
    let unfit = tables.filter { !$0.meaning.dataIsJSON }.map(\.table.description).joined(separator: ", ")
    if !unfit.isEmpty {
      return Check(
        .contracts, .warning, found + "; data of \(unfit) is not JSON by its type",
        means: "every event of it breaks its contract",
        todo: ["make the column jsonb, or say that its text is JSON: \(setting: "payload-type", "json")"])
    }
    let several = catalogue.types.filter { $0.value.count > 1 }.map(\.key.raw).sorted()
    let unversioned = tables.filter { !$0.meaning.hasVersion }.map(\.table.description).joined(separator: ", ")
    guard let type = several.first, !unversioned.isEmpty else { return nil }
    return Check(
      .contracts, .warning, found + "; \(unversioned) has no column for the version, and \(type) has several",
      means: "all events are held to the newest of their type, also those that were written by an older one",
      todo: ["add a column version, or name the one that is meant: \(setting: "column", "version=COLUMN")"])
  }
}
