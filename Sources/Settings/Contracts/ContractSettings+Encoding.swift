// SPDX-License-Identifier: Apache-2.0

import Contracts
import Delivery
import HTTPDelivery
import Octets
import PostgresWire

/// Data that is encoded where it leaves.
extension ContractSettings {
  /// Refuses what cannot work with a sink.
  func validateEncoding(_ sink: SinkSettings) throws(Failure) {
    try registry.validate()
    guard let encoding else {
      if registry.url != nil {
        throw .setting("contracts.registry", "needs \(setting: "encode", "avro"), protobuf or json-schema")
      }
      return
    }
    let path = "contracts.encode"
    guard directory != nil else { throw .setting(path, "needs \(setting: "contracts", "DIRECTORY")") }
    if warnsOnly {
      throw .setting(
        "contracts.contracts-policy",
        "what breaks its contract cannot be encoded by it: leave it away, or \(setting: "encode")")
    }
    if encoding == .jsonSchema, registry.url == nil {
      throw .setting(path, "json-schema only puts the id of a schema in front; it needs \(setting: "registry", "URL")")
    }
    if let setting = try sink.structuredSetting() {
      throw .setting(path, "data that is not JSON goes in binary mode alone; it needs \(setting)")
    }
    guard registry.url != nil, registry.subject != .record else { return }
    guard try sink.place().isBroker else {
      throw .setting(
        "contracts.registry-subject", "an address has no topic; it needs \(setting: "registry-subject", "record")")
    }
    if sink.broker.route?.literal == nil {
      throw .setting(
        "contracts.registry-subject",
        "the topic is not known before there are events: it needs one for all, \(setting: "route", "TOPIC"), or \(setting: "registry-subject", "record")"
      )
    }
  }

  /// Asks the registry for the ids of all contracts, and registers what it does not know where that is wanted. Blocks.
  ///
  /// - Parameters:
  ///   - catalogue: the contracts.
  ///   - topic: where events go, where that is one for all.
  ///   - patience: how what may heal is waited for.
  func identifiers(
    _ catalogue: ContractCatalogue, topic: String?, _ patience: Patience
  ) throws(Failure) -> [ContractName: UInt32] {
    guard let url = registry.url else { return [:] }
    let client = try SchemaRegistry(registry, url, isCancelled: patience.isCancelled)
    defer { client.close() }
    var identifiers: [ContractName: UInt32] = [:]
    for contract in catalogue.allContracts {
      let subject = client.subject(of: contract, topic: topic)
      let answer = try patience.perform { () throws(Failure) -> SchemaRegistry.Answer in
        let found = try client.look(contract, subject)
        guard case .unknown = found, registry.registers else { return found }
        return try client.register(contract, subject)
      }
      guard case .id(let id) = answer else {
        throw Failure(
          .settings,
          "the registry does not know \(Wording(contract.file)) under the subject \(Wording("\(ForeignText(subject))"))",
          advice: registry.registers
            ? "name the address of a registry that has Confluent's interface"
            : "register it there, or have it done with \(setting: "registry-register")")
      }
      identifiers[ContractName(contract)] = id
    }
    return identifiers
  }
}

extension SinkSettings {
  /// What would make a sink take data that is not JSON; nil where it does.
  func structuredSetting() throws(Failure) -> Wording? {
    switch try place() {
    case .standardOutput, .file: "a receiver or a broker: \(setting: "sink", "kafka:HOST:PORT"), say"
    case .http: http.mode == .binary ? nil : "\(setting: "http-mode", "binary")"
    case .kafka: kafka.mode == .binary ? nil : "\(setting: "kafka-mode", "binary")"
    case .amqp: amqp.mode == .binary ? nil : "\(setting: "amqp-mode", "binary")"
    case .redis: redis.mode == .binary ? nil : "\(setting: "redis-mode", "binary")"
    case .nats: nats.mode == .binary ? nil : "\(setting: "nats-mode", "binary")"
    case .aws: "a sink whose messages hold bytes: \(setting: "sink", "kafka:HOST:PORT"), say"
    }
  }
}
