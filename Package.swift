// swift-tools-version: 6.3
// SPDX-License-Identifier: Apache-2.0
import PackageDescription

let strict: [SwiftSetting] = [
  .treatAllWarnings(as: .error),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
]

/// Libraries also mark every unsafe expression; test targets cannot, because of what `#expect` expands to.
let library: [SwiftSetting] = strict + [.strictMemorySafety()]

/// What Scripts/build says is built: its text is part of the program.
let commit = (Context.environment["TAILRACE_COMMIT"] ?? "").filter { $0.isLetter || $0.isNumber || $0 == "-" }

let package = Package(
  name: "tailrace",
  products: [
    .executable(name: "tailrace", targets: ["tailrace"]),
    .library(name: "PostgresWire", targets: ["PostgresWire"]),
    .library(name: "Replication", targets: ["Replication"]),
    .library(name: "Operations", targets: ["Operations"]),
    .library(name: "Capture", targets: ["Capture"]),
    .library(name: "PgOutput", targets: ["PgOutput"]),
    .library(name: "IntegrationEvents", targets: ["IntegrationEvents"]),
    .library(name: "OutboxMapping", targets: ["OutboxMapping"]),
    .library(name: "Delivery", targets: ["Delivery"]),
    .library(name: "FileDelivery", targets: ["FileDelivery"]),
    .library(name: "HTTPDelivery", targets: ["HTTPDelivery"]),
    .library(name: "AMQPDelivery", targets: ["AMQPDelivery"]),
    .library(name: "RedisDelivery", targets: ["RedisDelivery"]),
    .library(name: "NATSDelivery", targets: ["NATSDelivery"]),
    .library(name: "AWSDelivery", targets: ["AWSDelivery"]),
    .library(name: "KafkaDelivery", targets: ["KafkaDelivery"]),
    .library(name: "Relay", targets: ["Relay"]),
    .library(name: "Settings", targets: ["Settings"]),
    .library(name: "SQLTransactions", targets: ["SQLTransactions"]),
    .library(name: "DomainEvents", targets: ["DomainEvents"]),
    .library(name: "TransactionalOutbox", targets: ["TransactionalOutbox"]),
    .library(name: "PostgresSession", targets: ["PostgresSession"]),
    .library(name: "Inbox", targets: ["Inbox"]),
    .library(name: "Webhooks", targets: ["Webhooks"]),
    .library(name: "WebhookReceiver", targets: ["WebhookReceiver"]),
    .library(name: "RelayService", targets: ["RelayService"]),
    .library(name: "TailraceTesting", targets: ["TailraceTesting"]),
  ],
  traits: [.trait(name: "Kafka", description: "Delivers to Kafka, through librdkafka.")],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.0"),
    .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
    .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.8.0"),
    .package(url: "https://github.com/apple/swift-nio", from: "2.101.0"),
    .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.0"),
    .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
    .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
    .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.0", traits: []),
  ],
  targets: [
    .systemLibrary(name: "CLibpq", pkgConfig: "libpq", providers: [.apt(["libpq-dev"])]),
    .systemLibrary(name: "CSpawn"),
    .target(name: "CBuildFacts", cSettings: [.define("TAILRACE_COMMIT", to: "\"\(commit)\"")]),
    .target(name: "CLoadedImage"),
    .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
    .systemLibrary(name: "CCrypto", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
    .target(name: "Octets", swiftSettings: library),
    .target(name: "Digests", dependencies: ["CCrypto", "Octets"], swiftSettings: library),
    .target(name: "Files", dependencies: ["CSpawn", "Octets"], swiftSettings: library),
    .target(name: "PostgresWire", dependencies: ["Files", "Octets"], swiftSettings: library),
    .target(
      name: "PostgresClient", dependencies: ["CLibpq", "Files", "Octets", "PostgresWire"],
      swiftSettings: library),
    .target(name: "Replication", dependencies: ["Octets", "PostgresClient", "PostgresWire"], swiftSettings: library),
    .target(
      name: "Operations",
      dependencies: [
        "Delivery", "IntegrationEvents", "Octets", "OutboxMapping", "PgOutput", "PostgresClient", "PostgresWire",
        "Replication", "TableSource",
      ],
      swiftSettings: library),
    .target(name: "Capture", dependencies: ["Files", "Octets", "PostgresWire"], swiftSettings: library),
    .target(name: "PgOutput", dependencies: ["Octets", "PostgresWire"], swiftSettings: library),
    .target(
      name: "TableSource", dependencies: ["PgOutput", "PostgresClient", "PostgresWire"], swiftSettings: library),
    .target(name: "SQLTransactions", swiftSettings: library),
    .target(name: "DomainEvents", swiftSettings: library),
    .target(
      name: "TransactionalOutbox", dependencies: ["DomainEvents", "IntegrationEvents", "SQLTransactions"],
      swiftSettings: library),
    .target(
      name: "PostgresSession",
      dependencies: ["DomainEvents", "Files", "PostgresClient", "PostgresWire", "SQLTransactions"],
      swiftSettings: library),
    .target(name: "IntegrationEvents", dependencies: ["Octets"], swiftSettings: library),
    .target(name: "Inbox", dependencies: ["IntegrationEvents", "SQLTransactions"], swiftSettings: library),
    .target(name: "Contracts", dependencies: ["IntegrationEvents", "Octets"], swiftSettings: library),
    .target(name: "Webhooks", dependencies: ["Digests", "IntegrationEvents", "Octets"], swiftSettings: library),
    .target(
      name: "WebhookReceiver",
      dependencies: [
        "Inbox", "SQLTransactions", "Webhooks",
        .product(name: "Hummingbird", package: "hummingbird"),
        .product(name: "HTTPTypes", package: "swift-http-types"),
        .product(name: "NIOCore", package: "swift-nio"),
      ], swiftSettings: library),
    .target(
      name: "OutboxMapping", dependencies: ["Octets", "PgOutput", "IntegrationEvents", "PostgresWire"],
      swiftSettings: library),
    .target(
      name: "Delivery",
      dependencies: [
        "Files", "IntegrationEvents", "Octets", "PostgresWire",
        .product(name: "DequeModule", package: "swift-collections"),
      ], swiftSettings: library),
    .target(
      name: "FileDelivery", dependencies: ["Delivery", "Files", "IntegrationEvents", "Octets", "PostgresWire"],
      swiftSettings: library),
    .target(
      name: "Connections",
      dependencies: [
        "Delivery", "Files", "IntegrationEvents", "PostgresWire",
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
        .product(name: "NIOSSL", package: "swift-nio-ssl"),
      ],
      swiftSettings: library
    ),
    .target(
      name: "AMQPDelivery",
      dependencies: [
        "Connections", "Delivery", "IntegrationEvents", "Octets", "PostgresWire",
        .product(name: "DequeModule", package: "swift-collections"),
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
      ],
      swiftSettings: library
    ),
    .target(
      name: "RedisDelivery",
      dependencies: [
        "Connections", "Delivery", "IntegrationEvents", "Octets", "PostgresWire",
        .product(name: "DequeModule", package: "swift-collections"),
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
      ],
      swiftSettings: library
    ),
    .target(
      name: "NATSDelivery",
      dependencies: [
        "Connections", "Delivery", "Digests", "IntegrationEvents", "Octets", "PostgresWire",
        .product(name: "DequeModule", package: "swift-collections"),
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
      ],
      swiftSettings: library
    ),
    .target(
      name: "HTTPDelivery",
      dependencies: [
        "CZlib", "Connections", "Delivery", "Digests", "Files", "IntegrationEvents", "Octets", "PostgresWire",
        .product(name: "AsyncHTTPClient", package: "async-http-client"),
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOHTTP1", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
        .product(name: "NIOSSL", package: "swift-nio-ssl"),
        .product(name: "NIOTLS", package: "swift-nio"),
      ],
      swiftSettings: library
    ),
    .target(
      name: "AWSDelivery",
      dependencies: [
        "Connections", "Delivery", "Digests", "Files", "HTTPDelivery", "IntegrationEvents", "Octets", "PostgresWire",
      ],
      swiftSettings: library
    ),
    .systemLibrary(name: "CRdkafka", pkgConfig: "rdkafka", providers: [.apt(["librdkafka-dev"])]),
    .target(
      name: "KafkaDelivery",
      dependencies: [
        .target(name: "CRdkafka", condition: .when(traits: ["Kafka"])), "Delivery", "Files", "IntegrationEvents",
        "PostgresWire",
      ], swiftSettings: library),
    .target(
      name: "Relay",
      dependencies: [
        "Files", "Octets", "PostgresWire", "PgOutput", "IntegrationEvents", "OutboxMapping", "Delivery",
        .product(name: "DequeModule", package: "swift-collections"),
        .product(name: "Logging", package: "swift-log"),
      ],
      swiftSettings: library
    ),
    .target(
      name: "Settings",
      dependencies: [
        "AMQPDelivery", "AWSDelivery", "Contracts", "Delivery", "FileDelivery", "Files", "HTTPDelivery",
        "IntegrationEvents", "KafkaDelivery", "NATSDelivery", "Octets",
        "Operations", "OutboxMapping", "PostgresWire", "RedisDelivery", "Relay",
        "Replication",
        .product(name: "Yams", package: "Yams"),
      ],
      swiftSettings: library),
    .target(
      name: "RelayService",
      dependencies: [
        "Delivery", "PostgresWire", "Relay", .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
      ], swiftSettings: library),
    .target(
      name: "TailraceTesting",
      dependencies: [
        "Capture", "Delivery", "IntegrationEvents", "Octets", "OutboxMapping", "PgOutput", "PostgresWire", "Relay",
        .product(name: "Logging", package: "swift-log"),
      ], swiftSettings: library),
    .target(
      name: "Supervision",
      dependencies: [
        "Connections", "Delivery", "Digests", "Files", "IntegrationEvents", "Octets", "Operations", "OutboxMapping",
        "PostgresWire", "Relay", "Replication", "Settings", "TableSource",
        .product(name: "Logging", package: "swift-log"),
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOHTTP1", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
      ],
      resources: [.embedInCode("Page/page.html")],
      swiftSettings: library),
    .executableTarget(
      name: "tailrace",
      dependencies: [
        "CBuildFacts", "CLoadedImage", "Digests", "Files", "PostgresClient", "Settings", "Supervision",
        "Octets", "PostgresWire", "Operations", "Replication", "Capture", "PgOutput", "IntegrationEvents",
        "OutboxMapping", "Delivery", "HTTPDelivery", "RedisDelivery", "Relay", "TableSource", "Contracts",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "Logging", package: "swift-log"),
      ],
      swiftSettings: library
    ),
    .executableTarget(
      name: "orders",
      dependencies: [
        "DomainEvents", "Inbox", "IntegrationEvents", "PostgresSession", "TransactionalOutbox", "WebhookReceiver",
        "PostgresWire", "Webhooks",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "Hummingbird", package: "hummingbird"),
        .product(name: "Logging", package: "swift-log"),
        .product(name: "NIOCore", package: "swift-nio"),
      ], path: "Sources/Examples/orders", swiftSettings: library),
    .executableTarget(
      name: "billing",
      dependencies: [
        "Inbox", "IntegrationEvents", "PostgresSession", "PostgresWire", "WebhookReceiver", "Webhooks",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "Hummingbird", package: "hummingbird"),
        .product(name: "Logging", package: "swift-log"),
        .product(name: "NIOCore", package: "swift-nio"),
      ], path: "Sources/Examples/billing", swiftSettings: library),
    .target(
      name: "TestStream", dependencies: ["Octets", "PostgresWire"], path: "Tests/TestStream", swiftSettings: strict),
    .target(
      name: "TestDelivery", dependencies: ["Delivery", "IntegrationEvents"], path: "Tests/TestDelivery",
      swiftSettings: strict),
    .testTarget(name: "OctetsTests", dependencies: ["Octets", "PostgresWire"], swiftSettings: strict),
    .testTarget(name: "DigestsTests", dependencies: ["Digests", "Octets"], swiftSettings: strict),
    .testTarget(name: "FilesTests", dependencies: ["Files", "TestStream"], swiftSettings: strict),
    .testTarget(name: "PostgresWireTests", dependencies: ["Files", "Octets", "PostgresWire"], swiftSettings: strict),
    .testTarget(
      name: "PostgresClientTests", dependencies: ["PostgresClient", "PostgresWire", "TestStream"], swiftSettings: strict
    ),
    .testTarget(
      name: "ReplicationTests", dependencies: ["PostgresClient", "Replication", "PostgresWire"], swiftSettings: strict),
    .testTarget(
      name: "OperationsTests",
      dependencies: ["Operations", "PostgresClient", "PostgresWire", "Replication", "TestStream"],
      swiftSettings: strict),
    .testTarget(
      name: "TableSourceTests", dependencies: ["PostgresClient", "PostgresWire", "TableSource"], swiftSettings: strict),
    .testTarget(
      name: "PgOutputTests", dependencies: ["Octets", "PgOutput", "PostgresWire", "TestStream"], swiftSettings: strict),
    .testTarget(
      name: "IntegrationEventsTests", dependencies: ["IntegrationEvents", "TestStream"], swiftSettings: strict),
    .testTarget(name: "DomainEventsTests", dependencies: ["DomainEvents"], swiftSettings: strict),
    .testTarget(
      name: "TransactionalOutboxTests",
      dependencies: ["DomainEvents", "IntegrationEvents", "SQLTransactions", "TransactionalOutbox"],
      swiftSettings: strict),
    .testTarget(
      name: "ContractsTests", dependencies: ["Contracts", "IntegrationEvents", "Octets"], swiftSettings: strict),
    .testTarget(
      name: "InboxTests", dependencies: ["Inbox", "IntegrationEvents", "SQLTransactions"], swiftSettings: strict),
    .testTarget(
      name: "WebhookReceiverTests",
      dependencies: [
        "Digests", "IntegrationEvents", "Octets", "Webhooks",
      ], swiftSettings: strict),
    .testTarget(
      name: "OutboxMappingTests",
      dependencies: ["OutboxMapping", "PgOutput", "IntegrationEvents", "PostgresWire", "TestStream"],
      swiftSettings: strict),
    .testTarget(
      name: "RelayTests",
      dependencies: [
        "Relay", "Capture", "OutboxMapping", "PgOutput", "IntegrationEvents", "PostgresWire", "Delivery",
        "TestDelivery",
        "TestStream", .product(name: "Logging", package: "swift-log"),
      ], swiftSettings: strict),
    .testTarget(
      name: "DeliveryTests", dependencies: ["Delivery", "IntegrationEvents", "TestDelivery", "TestStream"],
      swiftSettings: strict),
    .testTarget(
      name: "FileDeliveryTests",
      dependencies: ["Delivery", "FileDelivery", "IntegrationEvents", "PostgresWire", "TestDelivery", "TestStream"],
      swiftSettings: strict),
    .testTarget(
      name: "HTTPDeliveryTests",
      dependencies: [
        "Delivery", "Digests", "HTTPDelivery", "IntegrationEvents", "PostgresWire", "TestDelivery", "TestStream",
        .product(name: "NIOCore", package: "swift-nio"), .product(name: "NIOHTTP1", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
      ], swiftSettings: strict),
    .testTarget(name: "ConnectionsTests", dependencies: ["Connections"], swiftSettings: strict),
    .testTarget(
      name: "AMQPDeliveryTests",
      dependencies: [
        "AMQPDelivery", "Connections", "Delivery", "IntegrationEvents", "PostgresWire", "TestDelivery",
        .product(name: "NIOCore", package: "swift-nio"), .product(name: "NIOPosix", package: "swift-nio"),
      ], swiftSettings: strict),
    .testTarget(
      name: "RedisDeliveryTests",
      dependencies: [
        "Connections", "Delivery", "IntegrationEvents", "PostgresWire", "RedisDelivery", "TestDelivery",
        .product(name: "NIOCore", package: "swift-nio"), .product(name: "NIOPosix", package: "swift-nio"),
      ], swiftSettings: strict),
    .testTarget(
      name: "NATSDeliveryTests",
      dependencies: [
        "Connections", "Delivery", "Digests", "IntegrationEvents", "NATSDelivery", "Octets", "PostgresWire",
        "TestDelivery",
        .product(name: "NIOCore", package: "swift-nio"), .product(name: "NIOPosix", package: "swift-nio"),
      ], swiftSettings: strict),
    .testTarget(
      name: "AWSDeliveryTests",
      dependencies: [
        "AWSDelivery", "Delivery", "Digests", "HTTPDelivery", "IntegrationEvents", "Octets", "PostgresWire",
        "TestDelivery",
        .product(name: "NIOCore", package: "swift-nio"), .product(name: "NIOHTTP1", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
      ], swiftSettings: strict),
    .testTarget(
      name: "KafkaDeliveryTests",
      dependencies: [
        .target(name: "CRdkafka", condition: .when(traits: ["Kafka"])), "Delivery", "IntegrationEvents",
        "KafkaDelivery", "PostgresWire", "TestDelivery",
      ], swiftSettings: strict),
    .testTarget(name: "CaptureTests", dependencies: ["Capture", "PostgresWire", "TestStream"], swiftSettings: strict),
    .testTarget(name: "SettingsTests", dependencies: ["Contracts", "Settings"], swiftSettings: strict),
    .testTarget(
      name: "SupervisionTests",
      dependencies: [
        "Delivery", "IntegrationEvents", "Operations", "PostgresWire", "Relay", "Replication", "Settings",
        "Supervision",
      ], swiftSettings: strict),
    .testTarget(
      name: "ReplayTests",
      dependencies: [
        "tailrace", "Capture", "Delivery", "FileDelivery", "IntegrationEvents", "Octets", "OutboxMapping", "PgOutput",
        "PostgresClient", "PostgresWire",
        "Relay", "Settings", "Supervision", "TestStream",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ], swiftSettings: strict),
    .testTarget(
      name: "TailraceTestingTests",
      dependencies: ["IntegrationEvents", "OutboxMapping", "PostgresWire", "TailraceTesting", "TestStream"],
      swiftSettings: strict),
    .executableTarget(
      name: "microbenchmarks",
      dependencies: [
        "Capture", "Contracts", "IntegrationEvents", "Octets", "OutboxMapping", "PgOutput", "PostgresWire", "Relay",
        "Delivery", "TestStream",
      ],
      path: "Tests/Microbenchmarks", exclude: ["thresholds.json"], swiftSettings: strict),
    .executableTarget(
      name: "test-receiver",
      dependencies: [
        "Inbox", "IntegrationEvents", "PostgresSession", "SQLTransactions", "WebhookReceiver", "Webhooks",
        .product(name: "Hummingbird", package: "hummingbird"), .product(name: "NIOCore", package: "swift-nio"),
      ],
      path: "Tests/TestReceiver", swiftSettings: strict),
    .testTarget(
      name: "tailraceTests",
      dependencies: [
        "DomainEvents", "Inbox", "IntegrationEvents", "PostgresSession", "PostgresWire", "TailraceTesting",
        "TestStream",
        "TransactionalOutbox", "Webhooks", "tailrace", "test-receiver",
      ], swiftSettings: strict),
  ],
  swiftLanguageModes: [.v6]
)

// Fuzzers bring a main function of their own, so they are there only for Scripts/fuzz.
if Context.environment["TAILRACE_FUZZ"] != nil {
  let fuzzing: [SwiftSetting] = [.unsafeFlags(["-parse-as-library"])]
  // The commands are sources of a fuzzer then, and of one target only.
  let program = package.targets.first { $0.name == "tailrace" }
  package.targets.removeAll { $0.name == "tailrace" || $0.type == .test }
  package.products.removeAll { $0.name == "tailrace" }
  package.targets += [
    .executableTarget(
      name: "fuzz-decoder", dependencies: ["PgOutput"], path: "Tests/Fuzz/decoder", swiftSettings: fuzzing),
    .executableTarget(
      name: "fuzz-capture", dependencies: ["Capture", "PostgresWire"], path: "Tests/Fuzz/capture",
      swiftSettings: fuzzing),
    .executableTarget(
      name: "fuzz-rows",
      dependencies: [
        "Capture", "Delivery", "FileDelivery", "HTTPDelivery", "IntegrationEvents", "Octets", "OutboxMapping",
        "PgOutput",
        "PostgresWire", "Relay", "TestStream",
      ], path: "Tests/Fuzz/rows", swiftSettings: fuzzing),
    .executableTarget(
      name: "fuzz-settings", dependencies: program?.dependencies ?? [], path: ".",
      exclude: ["Sources/tailrace/Manual.docc"],
      sources: ["Sources/tailrace", "Tests/Fuzz/settings"], swiftSettings: library + fuzzing + [.define("FUZZING")]),
    .executableTarget(
      name: "fuzz-mapping", dependencies: ["OutboxMapping", "PgOutput", "IntegrationEvents", "PostgresWire"],
      path: "Tests/Fuzz/mapping", swiftSettings: fuzzing),
    .executableTarget(
      name: "fuzz-contracts", dependencies: ["Contracts", "IntegrationEvents"], path: "Tests/Fuzz/contracts",
      swiftSettings: fuzzing),
    .executableTarget(
      name: "fuzz-replies", dependencies: ["RedisDelivery"], path: "Tests/Fuzz/replies", swiftSettings: fuzzing),
    .executableTarget(
      name: "fuzz-words", dependencies: ["NATSDelivery"], path: "Tests/Fuzz/words", swiftSettings: fuzzing),
    .executableTarget(
      name: "fuzz-answers", dependencies: ["AWSDelivery"], path: "Tests/Fuzz/answers", swiftSettings: fuzzing),
    .executableTarget(
      name: "fuzz-protobuf", dependencies: ["Contracts", "IntegrationEvents"], path: "Tests/Fuzz/protobuf",
      swiftSettings: fuzzing),
    .executableTarget(
      name: "fuzz-receiver", dependencies: ["IntegrationEvents", "Webhooks"], path: "Tests/Fuzz/receiver",
      swiftSettings: fuzzing),
  ]
}

// Scripts/walk looks which files one event runs through, so only it wants our own code to count.
if Context.environment["TAILRACE_COVERAGE"] != nil {
  for target in package.targets where target.type == .regular || target.type == .executable {
    target.swiftSettings =
      (target.swiftSettings ?? []) + [.unsafeFlags(["-profile-generate", "-profile-coverage-mapping"])]
    target.linkerSettings = (target.linkerSettings ?? []) + [.unsafeFlags(["-profile-generate"])]
  }
}
