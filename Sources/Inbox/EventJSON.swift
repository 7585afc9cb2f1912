// SPDX-License-Identifier: Apache-2.0

import Foundation
import IntegrationEvents

/// Decodes the data of events: dates as RFC 3339 has them, decimals exactly as they stand. A number of more digits than a decimal
/// holds is refused, whatever it is read as: which would be cut cannot be told from here.
enum EventJSON {
  static func decode<Event: VersionedEvent>(_ type: Event.Type, _ event: ReceivedEvent) throws(EventRefusal) -> Event {
    guard event.hasJSON else { throw EventRefusal("its data is no JSON") }
    guard let data = event.data else { throw EventRefusal("it has no data") }
    guard JSONDigits.most(data) <= 38 else {
      throw EventRefusal("its data has a number of more than 38 digits, which no decimal holds")
    }
    let decoder = JSONDecoder()
    decoder.dateDecodingStrategy = .custom { decoder in
      let container = try decoder.singleValueContainer()
      guard let time = RFC3339.instant(try container.decode(String.self)) else {
        throw DecodingError.dataCorruptedError(in: container, debugDescription: "no time as RFC 3339 has it")
      }
      return Date(timeIntervalSince1970: Double(time.unixMicroseconds) / 1_000_000)
    }
    do {
      return try decoder.decode(type, from: Data(data))
    } catch let error as DecodingError {
      throw EventRefusal("its data is no \(Event.type) of version \(Event.version): \(words(error))")
    } catch {
      throw EventRefusal("its data is no \(Event.type) of version \(Event.version)")
    }
  }

  /// Where and that something is missing or another thing, never what is there.
  private static func words(_ error: DecodingError) -> String {
    switch error {
    case .keyNotFound(let key, let context): "\(path(context.codingPath + [key])) is missing"
    case .typeMismatch(_, let context): "\(path(context.codingPath)) has another type"
    case .valueNotFound(_, let context): "\(path(context.codingPath)) is null"
    case .dataCorrupted(let context): "\(path(context.codingPath)) makes no sense"
    @unknown default: "it cannot be read"
    }
  }

  private static func path(_ keys: [any CodingKey]) -> String {
    keys.isEmpty ? "the whole" : keys.map { $0.intValue.map { "\($0)" } ?? $0.stringValue }.joined(separator: ".")
  }
}
