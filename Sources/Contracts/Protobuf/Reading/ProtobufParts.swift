// SPDX-License-Identifier: Apache-2.0

/// The fields of one descriptor, by number: what stands last may say how to read what stands first.
struct ProtobufParts {
  private let text: [UInt8]
  private var byNumber: [Int: [ProtobufFields.Value]] = [:]

  /// Reads a message.
  ///
  /// - Parameters:
  ///   - text: All bytes.
  ///   - range: Where it is among them.
  ///   - numbers: The fields that are wanted; all others are gone over.
  ///   - work: Fields that may be read yet, of all messages together.
  init(_ text: [UInt8], _ range: Range<Int>, _ numbers: Set<Int>, work: inout Int) throws(SchemaFault) {
    self.text = text
    var fields = ProtobufFields(text, range)
    while let field = try fields.next() {
      work -= 1
      guard work > 0 else {
        throw SchemaFault("", "it is too large: it has millions of parts", advice: "leave out what events do not carry")
      }
      if numbers.contains(field.number) { byNumber[field.number, default: []].append(field.value) }
    }
  }

  /// The messages in a field.
  func messages(_ number: Int) -> [Range<Int>] {
    (byNumber[number] ?? []).compactMap { if case .bytes(let range) = $0 { range } else { nil } }
  }

  /// The texts in a field.
  func texts(_ number: Int) throws(SchemaFault) -> [String] {
    var texts: [String] = []
    for range in messages(number) {
      guard let text = String(validating: text[range], as: UTF8.self) else {
        throw SchemaFault("", "a text in it is not UTF-8", advice: ProtobufReading.makeIt)
      }
      texts.append(text)
    }
    return texts
  }

  /// The one text in a field: the last counts.
  func text(_ number: Int) throws(SchemaFault) -> String? { try texts(number).last }

  /// The one number in a field: the last counts.
  func number(_ number: Int) -> UInt64? {
    (byNumber[number] ?? []).reversed().lazy.compactMap { if case .number(let value) = $0 { value } else { nil } }.first
  }

  /// The same, with its sign.
  func integer(_ number: Int) -> Int? {
    self.number(number).map { Int(Int32(truncatingIfNeeded: $0)) }
  }

  func flag(_ number: Int) -> Bool { self.number(number).map { $0 != 0 } ?? false }
}
