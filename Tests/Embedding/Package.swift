// swift-tools-version: 6.3
import PackageDescription

/// Programs that use this project's products as anybody outside would: what is public has to be enough.
func program(_ name: String, _ products: String...) -> Target {
  .executableTarget(
    name: name,
    dependencies: products.map { .product(name: $0, package: "tailrace") }
      + [.product(name: "Logging", package: "swift-log")],
    swiftSettings: [.treatAllWarnings(as: .error)])
}

let package = Package(
  name: "embedding",
  dependencies: [
    .package(name: "tailrace", path: "../.."),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.0"),
  ],
  targets: [
    program("DecodeDump", "Capture", "PgOutput", "PostgresWire"),
    program("RelayRecording", "Capture", "Delivery", "OutboxMapping", "PostgresWire", "Relay"),
    program("OwnSource", "FileDelivery", "OutboxMapping", "PostgresWire", "Relay"),
    program("MapAndEncode", "Capture", "IntegrationEvents", "OutboxMapping", "PgOutput", "PostgresWire"),
    program("FileOnly", "Capture", "FileDelivery", "OutboxMapping", "PostgresWire", "Relay"),
    program(
      "LiveToHTTP", "Delivery", "HTTPDelivery", "Operations", "OutboxMapping", "PostgresWire", "Relay", "Replication",
      "Settings"),
  ],
  swiftLanguageModes: [.v6]
)
