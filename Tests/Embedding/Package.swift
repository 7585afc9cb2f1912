// swift-tools-version: 6.3
// SPDX-License-Identifier: Apache-2.0
import PackageDescription

/// Programs that use this project's products as anybody outside would: what is public has to be enough.
func program(_ name: String, _ products: String..., besides others: [Target.Dependency] = []) -> Target {
  .executableTarget(
    name: name,
    dependencies: products.map { .product(name: $0, package: "tailrace") }
      + [.product(name: "Logging", package: "swift-log")] + others,
    swiftSettings: [.treatAllWarnings(as: .error)])
}

let package = Package(
  name: "embedding",
  dependencies: [
    .package(name: "tailrace", path: "../.."),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.0"),
    .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.8.0"),
    .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.0", traits: []),
  ],
  targets: [
    program("DecodeDump", "Capture", "PgOutput", "PostgresWire"),
    program("RelayRecording", "Capture", "Delivery", "OutboxMapping", "PostgresWire", "Relay"),
    program("OwnSource", "FileDelivery", "OutboxMapping", "PostgresWire", "Relay"),
    program("MapAndEncode", "Capture", "IntegrationEvents", "OutboxMapping", "PgOutput", "PostgresWire"),
    program("FileOnly", "Capture", "FileDelivery", "OutboxMapping", "PostgresWire", "Relay"),
    program("RelayToNATS", "Capture", "Delivery", "NATSDelivery", "OutboxMapping", "PostgresWire", "Relay"),
    program(
      "LiveToHTTP", "Delivery", "HTTPDelivery", "Operations", "OutboxMapping", "PostgresWire", "Relay", "Replication",
      "Settings"),
    program("RelayToSQS", "AWSDelivery", "Capture", "Delivery", "OutboxMapping", "PostgresWire", "Relay"),
    program(
      "InService", "FileDelivery", "OutboxMapping", "PostgresWire", "Relay", "RelayService", "Replication",
      besides: [.product(name: "ServiceLifecycle", package: "swift-service-lifecycle")]),
    program("RehearseEvents", "TailraceTesting"),
    program("RaiseEvents", "DomainEvents"),
    program("WriteOutbox", "IntegrationEvents", "SQLTransactions", "TransactionalOutbox"),
    program("OrderService", "DomainEvents", "IntegrationEvents", "PostgresSession", "TransactionalOutbox"),
    program("HandleOnce", "Inbox", "IntegrationEvents", "SQLTransactions"),
    program("AnswerWebhook", "IntegrationEvents", "Webhooks"),
    program(
      "ReceiveEvents", "IntegrationEvents", "WebhookReceiver", "Webhooks",
      besides: [.product(name: "Hummingbird", package: "hummingbird")]),
  ],
  swiftLanguageModes: [.v6]
)
