// SPDX-License-Identifier: Apache-2.0

import Octets

/// What is allowed in a schema and may not be meant: keywords that nobody knows but are near to one, or that have no effect.
struct SchemaRemarks {
  static let maximumCount = 100

  private let places: SchemaPlaces
  private var remarks: [SchemaRemark] = []

  static func remarks(on places: SchemaPlaces) -> [SchemaRemark] {
    var remarks = SchemaRemarks(places: places)
    for place in places.places.indices where places.places[place].isSchema {
      guard remarks.remarks.count < maximumCount else { break }
      remarks.look(at: place)
    }
    return remarks.remarks
  }

  private init(places: SchemaPlaces) { self.places = places }

  private mutating func look(at place: Int) {
    guard case .object(let members) = places.places[place].document.value else { return }
    let draft = places.places[place].draft
    let keywords = places.places[place].keywords
    let hidesOthers = draft == .draft7 && keywords[.ref] != nil
    for member in members {
      if let keyword = Keyword.named[member.name] {
        if hidesOthers, ![Keyword.ref, .definitions, .id, .schema].contains(keyword) {
          add(place, member.name, "draft 7 ignores what stands beside $ref: put both into allOf")
        } else if !keyword.isKnown(draft), keyword != .defs {
          let name = draft == .draft7 ? "7" : "2020-12"
          add(
            place, member.name,
            "draft \(name) does not know this keyword, so it has no effect: \(Self.instead(keyword))")
        }
      } else if !Self.annotations.contains(member.name), let near = Self.near(member.name) {
        add(place, member.name, "this is no keyword, so it has no effect: \(near.rawValue) may be meant")
      }
    }
    for (keyword, other) in Self.companions where keywords[keyword] != nil && keywords[other] == nil {
      add(place, keyword.rawValue, "it has no effect without \(other.rawValue): add that, or take it away")
    }
    closed(place, keywords)
    let isKnown = members.contains { member in
      Keyword.named[member.name] != nil || Self.annotations.subtracting(Self.ofData).contains(member.name)
    }
    if !members.isEmpty, !isKnown, !members.contains(where: { Self.near($0.name) != nil }) {
      remarks.append(
        SchemaRemark(
          places.pointer(place),
          "it has no keyword of JSON Schema, so it takes everything: a sample of data is no schema; "
            + "name members below properties"))
    }
  }

  /// Names that are required where no such member may be.
  private mutating func closed(_ place: Int, _ keywords: Keywords) {
    guard case .boolean(false)? = keywords[.additionalProperties]?.value, keywords[.patternProperties] == nil,
      case .array(let required)? = keywords[.required]?.value
    else { return }
    var names: Set<ForeignText> = []
    if case .object(let members)? = keywords[.properties]?.value { names = Set(members.map { ForeignText($0.name) }) }
    for name in required {
      guard case .string(let text) = name.value, !names.contains(ForeignText(text)) else { continue }
      let shown = ForeignText(ForeignText(text).shortened(to: 64))
      add(place, "required", "nothing can match: \(shown) is required, and not among the properties that are allowed")
    }
  }

  private mutating func add(_ place: Int, _ name: String, _ words: String) {
    let token = JSONPlace.escaped(ForeignText(name).shortened())
    remarks.append(SchemaRemark(places.pointer(place) + "/" + token, words))
  }

  private static let companions: [(Keyword, Keyword)] = [
    (.then, .if), (.else, .if), (.minContains, .contains), (.maxContains, .contains), (.additionalItems, .items),
  ]

  /// Keywords that do not count, and are none that was meant otherwise.
  private static let annotations: Set<String> = [
    "title", "description", "default", "deprecated", "readOnly", "writeOnly", "examples", "example", "format",
    "contentEncoding", "contentMediaType", "$comment", "$vocabulary", "id", "name", "version", "nullable",
  ]

  /// Those that are names of members in data more often than they are annotations.
  private static let ofData: Set<String> = ["id", "name", "version", "example", "nullable"]

  private static func instead(_ keyword: Keyword) -> String {
    switch keyword {
    case .additionalItems: "use prefixItems with items"
    case .prefixItems: "use items with an array"
    case .dependentRequired, .dependentSchemas: "use dependencies"
    default: "choose 2020-12 by $schema, or say it otherwise"
    }
  }

  /// The keyword that a name may be.
  private static func near(_ name: String) -> Keyword? {
    Keyword.allCases.first { Likeness.isNear(name, $0.rawValue) }
  }
}
