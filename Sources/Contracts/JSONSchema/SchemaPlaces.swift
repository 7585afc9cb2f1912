// SPDX-License-Identifier: Apache-2.0

import Octets

/// The places of a schema's text in which schemas stand, found once, with the names by which they can be referred to.
struct SchemaPlaces {
  /// One place.
  struct Place {
    var document: SchemaDocument
    /// The place around it; itself for the whole of a file.
    var parent: Int
    /// The member's name or the index by which the parent has it.
    var token: String
    var isSchema: Bool
    var draft: Draft
    /// Which of the resources it is of.
    var resource: Int
    /// Places within it that are known so far, one after the other.
    var children: Range<Int>
    /// The keywords of a schema.
    var keywords = Keywords()
  }

  private(set) var places: [Place] = []
  /// What each resource is called, and its root.
  private(set) var resources: [(uri: ReferenceURI, root: Int)] = []
  private var roots: [ReferenceURI: Int] = [:]
  private var anchors: [Anchor: Int] = [:]
  /// The resources in which a dynamic anchor is, with its place.
  private(set) var dynamicAnchors: [ForeignText: [(resource: Int, place: Int)]] = [:]
  /// Names of children, where there are many.
  private var indexes: [Int: [ForeignText: Int]] = [:]
  /// Children that no keyword holds, found by a pointer.
  private var added: [AddedKey: Int] = [:]

  struct Anchor: Hashable {
    var resource: Int
    var name: ForeignText
  }

  private struct AddedKey: Hashable {
    var parent: Int
    var token: ForeignText
  }

  /// Finds the places of a file.
  init(_ document: SchemaDocument) throws(SchemaFault) {
    try add(document, named: ReferenceURI(scheme: "contract", path: "/"))
  }

  /// Adds a file, known by a name besides those that it gives itself.
  mutating func add(_ document: SchemaDocument, named uri: ReferenceURI) throws(SchemaFault) {
    let root = places.count
    let resource = resources.count
    resources.append((uri, root))
    roots[uri] = resource
    places.append(
      Place(
        document: document, parent: root, token: "", isSchema: true, draft: .draft2020, resource: resource,
        children: 0..<0))
    try walk(from: root)
  }

  /// Reads the places from one on, and those within them.
  private mutating func walk(from first: Int) throws(SchemaFault) {
    var place = first
    while place < places.count {
      if places[place].isSchema { try read(place) }
      place += 1
    }
  }

  private mutating func read(_ place: Int) throws(SchemaFault) {
    guard case .object(let members) = places[place].document.value else {
      if case .boolean = places[place].document.value { return }
      throw fault(place, nil, "a schema is to be an object, true or false", "write one of them")
    }
    var keywords = Keywords(members)
    try setDraft(place, keywords)
    let draft = places[place].draft
    if draft == .draft7, keywords[.ref] != nil { keywords.removeAll { $0 != .ref } }
    keywords.removeAll { !$0.isKnown(draft) }
    places[place].keywords = keywords
    try name(place, keywords)
    // In the order of the text, so that the first fault is told.
    var holders: [Int] = []
    let start = places.count
    for (keyword, value) in keywords.items {
      if keyword == .items, draft == .draft2020, value.isArray {
        throw fault(place, keyword, "items is an array, which 2020-12 calls prefixItems", "use prefixItems")
      }
      switch keyword.holding(draft) {
      case .nothing: continue
      case .schema: append(value, place, keyword.rawValue, isSchema: true)
      case .schemaOrList:
        if case .array = value.value { holders.append(places.count) }
        append(value, place, keyword.rawValue, isSchema: !holders.contains(places.count))
      case .list, .map, .mapOrNames:
        holders.append(places.count)
        append(value, place, keyword.rawValue, isSchema: false)
      }
    }
    places[place].children = start..<places.count
    for holder in holders { try hold(holder) }
  }

  private mutating func append(_ document: SchemaDocument, _ parent: Int, _ token: String, isSchema: Bool) {
    let (draft, resource) = (places[parent].draft, places[parent].resource)
    places.append(
      Place(
        document: document, parent: parent, token: token, isSchema: isSchema, draft: draft, resource: resource,
        children: 0..<0))
  }

  /// Reads a list or map of schemas.
  private mutating func hold(_ holder: Int) throws(SchemaFault) {
    let start = places.count
    let keyword = Keyword.named[places[holder].token]
    let holding = keyword?.holding(places[holder].draft) ?? .nothing
    switch (places[holder].document.value, holding) {
    case (.array(let elements), .list), (.array(let elements), .schemaOrList):
      guard !elements.isEmpty || keyword == .items else {
        throw fault(holder, nil, "\(places[holder].token) has no schema in it", "write one, or take the keyword away")
      }
      for (index, element) in elements.enumerated() { append(element, holder, String(index), isSchema: true) }
    case (.object(let members), .map):
      for member in members { append(member.value, holder, member.name, isSchema: true) }
    case (.object(let members), .mapOrNames):
      for member in members {
        if case .array = member.value.value { continue }
        append(member.value, holder, member.name, isSchema: true)
      }
    case (_, .list):
      throw fault(holder, nil, "\(places[holder].token) is to be an array of schemas", "write [ ] around the schema")
    default:
      throw fault(holder, nil, "\(places[holder].token) is to be an object whose members are schemas", "write one")
    }
    places[holder].children = start..<places.count
  }

  /// The draft that `$schema` chooses, for a file or a resource within it.
  private mutating func setDraft(_ place: Int, _ keywords: Keywords) throws(SchemaFault) {
    let isRoot = places[place].parent == place
    guard let name = keywords[.schema], isRoot || keywords[.id] != nil else { return }
    guard case .string(let text) = name.value, let draft = Draft(text) else {
      throw fault(
        place, .schema, "$schema names no draft that is known here",
        "write http://json-schema.org/draft-07/schema# or https://json-schema.org/draft/2020-12/schema")
    }
    places[place].draft = draft
  }

  /// Notes what a schema is called.
  private mutating func name(_ place: Int, _ keywords: Keywords) throws(SchemaFault) {
    if let id = keywords[.id] {
      guard case .string(let text) = id.value else {
        throw fault(place, .id, "$id is to be a URI reference", "write a string")
      }
      let (reference, fragment) = ReferenceURI.read(text)
      if places[place].draft == .draft7, let fragment, !fragment.isEmpty {
        if reference != ReferenceURI() { try nameResource(place, reference) }
        try note(fragment, at: place, .id)
      } else {
        guard fragment?.isEmpty ?? true else {
          throw fault(place, .id, "$id has a fragment", "take the part from # on away, and use $anchor")
        }
        try nameResource(place, reference)
      }
    }
    for keyword in [Keyword.anchor, .dynamicAnchor] {
      guard let anchor = keywords[keyword] else { continue }
      guard case .string(let text) = anchor.value, let first = text.utf8.first, first != UInt8(ascii: "/"),
        !text.utf8.contains(UInt8(ascii: "#"))
      else {
        throw fault(place, keyword, "\(keyword.rawValue) is to be a name", "write letters, digits, hyphens and points")
      }
      try note(text, at: place, keyword)
      if keyword == .dynamicAnchor {
        dynamicAnchors[ForeignText(text), default: []].append((places[place].resource, place))
      }
    }
  }

  private mutating func nameResource(_ place: Int, _ reference: ReferenceURI) throws(SchemaFault) {
    let uri = resources[places[place].resource].uri.resolving(reference)
    if places[place].parent == place {
      // The whole file keeps the name by which it was read.
      roots[uri] = places[place].resource
      resources[places[place].resource].uri = uri
      return
    }
    guard roots[uri] == nil else { throw fault(place, .id, "two schemas have the same $id", "give each its own") }
    roots[uri] = resources.count
    places[place].resource = resources.count
    resources.append((uri, place))
  }

  private mutating func note(_ anchor: String, at place: Int, _ keyword: Keyword) throws(SchemaFault) {
    let key = Anchor(resource: places[place].resource, name: ForeignText(anchor))
    // One place may have the same name by both keywords.
    guard anchors[key] == nil || anchors[key] == place else {
      throw fault(place, keyword, "two schemas have the same anchor", "give each its own")
    }
    anchors[key] = place
  }

  /// The root of a resource with a name.
  func root(of uri: ReferenceURI) -> Int? { roots[uri].map { resources[$0].root } }

  /// The schema in a resource that has an anchor.
  func place(anchor: String, inResourceAt root: Int) -> Int? {
    anchors[Anchor(resource: places[root].resource, name: ForeignText(anchor))]
  }

  /// What a place holds under a name or index; nil when there is nothing.
  mutating func child(of place: Int, _ token: String) -> Int? {
    let children = places[place].children
    if children.count > 8 {
      if indexes[place] == nil {
        indexes[place] = Dictionary(
          children.map { (ForeignText(places[$0].token), $0) }, uniquingKeysWith: { first, _ in first })
      }
      if let found = indexes[place]?[ForeignText(token)] { return found }
    } else if let found = children.first(where: { places[$0].token.utf8.elementsEqual(token.utf8) }) {
      return found
    }
    let key = AddedKey(parent: place, token: ForeignText(token))
    if let known = added[key] { return known }
    let document: SchemaDocument
    switch places[place].document.value {
    case .object:
      guard let member = places[place].document[token] else { return nil }
      document = member
    case .array(let elements):
      guard let index = Int(token), elements.indices.contains(index), String(index) == token else { return nil }
      document = elements[index]
    default: return nil
    }
    append(document, place, token, isSchema: false)
    added[key] = places.count - 1
    return places.count - 1
  }

  /// Takes what a reference leads to for a schema.
  mutating func adopt(_ place: Int) throws(SchemaFault) {
    guard !places[place].isSchema else { return }
    places[place].isSchema = true
    let next = places.count
    try read(place)
    try walk(from: next)
  }
}
