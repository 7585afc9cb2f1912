// SPDX-License-Identifier: Apache-2.0

import OutboxMapping

extension MappingConfiguration {
  /// What is an outbox, in words.
  var outboxNames: String {
    (tables.map { "table \($0)" } + messagePrefixes.map { "prefix \($0)" }).joined(separator: ", ")
  }
}
