// SPDX-License-Identifier: Apache-2.0

/// Where the parts of a schema stand: each a step from another, so that a long way to many parts is kept once.
struct AvroPlaces: Sendable {
  private enum Step: Sendable {
    case member(String)
    case element(Int)
  }

  private struct Place: Sendable {
    var parent: Int
    var step: Step
    var line: Int
  }

  /// The whole.
  static let root = 0

  private var places: [Place]

  init(line: Int) { places = [Place(parent: -1, step: .element(0), line: line)] }

  /// The place of a member of what is at another place.
  mutating func member(_ name: String, of parent: Int, _ document: SchemaDocument) -> Int {
    places.append(Place(parent: parent, step: .member(name), line: document.line))
    return places.count - 1
  }

  /// The place of an element of the array at another place.
  mutating func element(_ index: Int, of parent: Int, _ document: SchemaDocument) -> Int {
    places.append(Place(parent: parent, step: .element(index), line: document.line))
    return places.count - 1
  }

  func line(_ place: Int) -> Int { places[place].line }

  /// The place as a JSON Pointer.
  func pointer(_ place: Int) -> String {
    var steps: [String] = []
    var place = place
    while place != Self.root {
      switch places[place].step {
      case .member(let name): steps.append(name)
      case .element(let index): steps.append("\(index)")
      }
      place = places[place].parent
    }
    return steps.reversed().map { "/" + $0 }.joined()
  }
}
