// SPDX-License-Identifier: Apache-2.0

/// Enums and their values.
extension ProtobufComparison {
  mutating func compare(_ enumeration: ProtobufEnum, _ other: ProtobufEnum) {
    spend(enumeration.values.count + other.values.count + 4)
    let place = "/\(enumeration.fullName)"
    if other.allowsJSON, !enumeration.allowsJSON {
      add(
        .enumSameJSONFormat, place, "JSON is no longer sure to be read", code: .format,
        advice: "take the feature json_format away")
    }
    // A number may have more names than one.
    var names: [Int: [String]] = [:]
    for value in enumeration.values { names[value.number, default: []].append(value.name) }
    var others: [Int: [String]] = [:]
    for value in other.values { others[value.number, default: []].append(value.name) }
    let reserved = ProtobufRanges.merged(enumeration.reservedNumbers)
    for number in others.keys.sorted() {
      let written = others[number] ?? []
      guard let own = names[number] else {
        lacks(enumeration, number, written, isReserved: ProtobufRanges.contain(reserved, number), place)
        continue
      }
      let missing = Set(written).subtracting(own).sorted()
      guard !missing.isEmpty else { continue }
      let list = missing.joined(separator: ", ")
      add(
        .enumValueSameName, place,
        "\(number) is \(own.joined(separator: ", ")), and \(written.joined(separator: ", ")) to the writer",
        code: .enum, advice: "write \(list) = \(number) again, beside another name with allow_alias",
        writersAdvice: "leave \(list) out")
    }
    keepReserved(enumeration, other, place)
  }

  /// A number that the writer has and the reader has not.
  private mutating func lacks(
    _ enumeration: ProtobufEnum, _ number: Int, _ names: [String], isReserved: Bool, _ place: String
  ) {
    let list = names.joined(separator: ", ")
    let words = "the writer's value \(list) = \(number) is not there"
    if !isReserved {
      add(
        .enumValueNoDeleteUnlessNumberReserved, place, "\(words), and its number is not reserved", code: .enum,
        advice: "write the value again, or reserved \(number);")
    }
    if !names.allSatisfy(enumeration.reservedNames.contains) {
      let quoted = names.map { "\"\($0)\"" }.joined(separator: ", ")
      add(
        .enumValueNoDeleteUnlessNameReserved, place, "\(words), and its name is not reserved", code: .enum,
        advice: "write the value again, or reserved \(quoted);")
    }
    addStrict(place, words, advice: "leave the value out")
  }

  private mutating func keepReserved(_ enumeration: ProtobufEnum, _ other: ProtobufEnum, _ place: String) {
    for range in ProtobufRanges.missing(of: other.reservedNumbers, in: enumeration.reservedNumbers) {
      add(
        .reservedEnumNoDelete, place, "\(ProtobufRanges.words(range)) is no longer reserved", code: .enum,
        advice: "write reserved \(ProtobufRanges.words(range)); again")
    }
    for name in other.reservedNames.subtracting(enumeration.reservedNames).sorted() {
      add(
        .reservedEnumNoDelete, place, "the name \(ProtobufReading.shown(name)) is no longer reserved", code: .enum,
        advice: "write reserved \"\(ProtobufReading.shown(name))\"; again")
    }
  }
}
