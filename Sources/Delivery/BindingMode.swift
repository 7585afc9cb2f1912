// SPDX-License-Identifier: Apache-2.0

/// How an event is put into a broker's message. Source: CloudEvents' bindings for Kafka and AMQP, "Content modes".
public enum BindingMode: String, CaseIterable, Hashable, Sendable {
  /// Attributes as headers, the data as the message.
  case binary
  /// The whole event as the message, in JSON.
  case structured
}
