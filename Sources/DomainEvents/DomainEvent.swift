// SPDX-License-Identifier: Apache-2.0

/// Something that has happened in a service's domain, told inside the service alone: a fact in the past tense, such as
/// `OrderPlaced`.
///
/// It is no part of any contract. What others are to hear is translated first; that a type is `Codable` publishes nothing.
public protocol DomainEvent: Sendable {}
