// SPDX-License-Identifier: Apache-2.0

import Octets

/// Reads a schema's types from its document, in the order of its text.
struct AvroReading {
  var types: [AvroType]
  var places: AvroPlaces
  var remarks: [SchemaRemark] = []
  /// The named types so far, by their full names.
  var named: [String: Int] = [:]

  init(_ document: SchemaDocument) {
    types = AvroType.primitives.map { AvroType(shape: $0.shape, place: AvroPlaces.root) }
    places = AvroPlaces(line: document.line)
  }

  /// Reads what stands where a type is wanted.
  ///
  /// - Parameters:
  ///   - document: What stands there.
  ///   - namespace: Of the definition that it lies in.
  ///   - place: Where it stands.
  mutating func use(
    _ document: SchemaDocument, namespace: String, place: Int
  ) throws(SchemaFault) -> AvroUse {
    switch document.value {
    case .string(let name): return AvroUse(type: try reference(name, namespace, place), place: place)
    case .array(let branches): return try union(branches, namespace, place)
    case .object: return AvroUse(type: try declaration(document, namespace, place), place: place)
    default:
      throw fault(
        place, "this is no type",
        "write a type's name in quotes, an object with the member type, or an array for a union")
    }
  }

  /// Adds a type, and gives its number.
  mutating func add(_ shape: AvroType.Shape, _ place: Int) -> Int {
    types.append(AvroType(shape: shape, place: place))
    return types.count - 1
  }

  // Mutating, so that a place may be added among its arguments.
  mutating func fault(_ place: Int, _ problem: String, _ advice: String) -> SchemaFault {
    SchemaFault(places.pointer(place), line: places.line(place), problem, advice: advice)
  }

  mutating func remark(_ place: Int, _ words: String) { remarks.append(SchemaRemark(places.pointer(place), words)) }

  /// What somebody else wrote, for words about it.
  func shown(_ text: String) -> String { "\(ForeignText(ForeignText(text).shortened()))" }

  /// "References to previously defined names": a name without dots is of the namespace around it.
  private mutating func reference(_ name: String, _ namespace: String, _ place: Int) throws(SchemaFault) -> Int {
    if let primitive = AvroType.primitiveNumbers[name] { return primitive }
    // Only of such names are characters bytes, to Swift too.
    let isName = AvroName.isFullName(name)
    if isName, let type = named[AvroName.full(name, in: namespace)] { return type }
    if isName, let type = named[name] {
      remark(
        place,
        "\(shown(name)) has no namespace and is referred to from within \(namespace), which not every reader takes; "
          + "give it a namespace")
      return type
    }
    if ["record", "enum", "array", "map", "fixed"].contains(name) {
      throw fault(place, "\(name) is no type by itself", "write {\"type\": \"\(name)\", …} with all that it needs")
    }
    throw fault(
      place, "no type \(shown(AvroName.full(name, in: namespace))) is defined before this",
      "define it here, where it is used first, or correct the name")
  }

  private mutating func declaration(
    _ document: SchemaDocument, _ namespace: String, _ place: Int
  ) throws(SchemaFault) -> Int {
    guard let written = document["type"] else {
      throw fault(place, "a type's object has no member type", "add \"type\"")
    }
    guard case .string(let word) = written.value else {
      throw fault(
        places.member("type", of: place, written), "the type of a type's object is no name",
        "take away the object around it, and write what stands in it")
    }
    remarkAttributes(document, AvroAttributes.ofTypes, place)
    let type: Int
    switch word {
    case "record": type = try record(document, namespace, place)
    case "enum": type = try enumeration(document, namespace, place)
    case "fixed": type = try fixed(document, namespace, place)
    case "array":
      let items = try need("items", document, place)
      type = add(.array(try use(items.value, namespace: namespace, place: items.place)), place)
    case "map":
      let values = try need("values", document, place)
      type = add(.map(try use(values.value, namespace: namespace, place: values.place)), place)
    default:
      let number = try reference(word, namespace, places.member("type", of: place, written))
      guard document["logicalType"] != nil else { return number }
      guard number < AvroType.primitives.count else {
        remark(
          place, "its logical type is ignored: it stands beside a reference; write it where \(shown(word)) is defined")
        return number
      }
      // A primitive type is one for all its uses, unless a use gives it a meaning.
      type = add(types[number].shape, place)
    }
    readLogicalType(of: type, document, place)
    return type
  }

  private mutating func readLogicalType(of type: Int, _ document: SchemaDocument, _ place: Int) {
    do throws(AvroLogicalType.Ignored) {
      types[type].logical = try AvroLogicalType.of(document, types[type].shape)
    } catch {
      remark(place, "its logical type is ignored: \(error.reason)")
    }
  }

  private mutating func union(
    _ branches: [SchemaDocument], _ namespace: String, _ place: Int
  ) throws(SchemaFault) -> AvroUse {
    var uses: [AvroUse] = []
    // Of the types that have no names there are few; of the others each is known by its number.
    var kinds: [String] = []
    var named: Set<Int> = []
    for (index, branch) in branches.enumerated() {
      let place = places.element(index, of: place, branch)
      if case .array = branch.value {
        throw fault(place, "a union stands in a union", "write its branches into the outer one")
      }
      let use = try use(branch, namespace: namespace, place: place)
      let type = types[use.type]
      guard type.name == nil ? !kinds.contains(type.kind) : named.insert(use.type).inserted else {
        throw fault(
          place, "the union has \(type.words) twice",
          "take one of them out: only records, enums and fixed may be several")
      }
      if type.name == nil { kinds.append(type.kind) }
      uses.append(use)
    }
    if uses.isEmpty { remark(place, "no data matches a union without branches") }
    return AvroUse(type: add(.union(uses), place), place: place)
  }

  /// A member that has to be there, and its place.
  mutating func need(
    _ name: String, _ document: SchemaDocument, _ place: Int
  ) throws(SchemaFault) -> (value: SchemaDocument, place: Int) {
    guard let value = document[name] else {
      throw fault(place, "the member \(name) is missing", "add \"\(name)\"")
    }
    return (value, places.member(name, of: place, value))
  }
}
