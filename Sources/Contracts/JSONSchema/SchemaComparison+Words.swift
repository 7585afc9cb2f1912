// SPDX-License-Identifier: Apache-2.0

/// What is said of obstacles.
extension SchemaComparison {
  /// An obstacle at a rule of the reader's.
  func obstacle(_ text: Int32, isProved: Bool) -> Obstacle {
    guard text >= 0 else {
      return Obstacle("", "cannot be compared", code: .other, advice: Self.byHand, isProved: false)
    }
    let words = reader.program.texts[Int(text)]
    let pointer = reader.program.pointer(place: words.place)
    let rule = [words.keyword?.rawValue ?? "", words.detail].filter { !$0.isEmpty }.joined(separator: ": ")
    let (code, advice, writersAdvice) = Self.advice(words.keyword)
    return Obstacle(
      words.keyword.map { pointer + "/" + $0.rawValue } ?? pointer, rule, code: code,
      advice: isProved ? advice : Self.byHand, writersAdvice: isProved ? writersAdvice : Self.byHand,
      isProved: isProved)
  }

  private static func advice(_ keyword: Keyword?) -> (ObstacleCode, reader: String, writer: String) {
    switch keyword {
    case nil: (.member, "let the reader take it, for instance without additionalProperties: false", "leave it out")
    case .required: (.field, "make it optional", "keep it required")
    case .type: (.type, "allow the writer's types too", "allow no other types than before")
    case .enum, .const: (.enum, "allow all values that the writer may write", "allow no other values than before")
    case .minimum, .maximum, .exclusiveMinimum, .exclusiveMaximum, .multipleOf:
      (.number, "do not allow fewer numbers than the writer's", "do not allow more numbers than before")
    case .minLength, .maxLength, .pattern:
      (.text, "do not allow fewer strings than the writer's", "do not allow more strings than before")
    case .minItems, .maxItems, .uniqueItems, .contains, .minContains, .maxContains:
      (.array, "do not allow fewer arrays than the writer's", "do not allow more arrays than before")
    default: (.other, "do not allow less than the writer's", "do not allow more than before")
    }
  }
}

/// Values that a list lacks: the list is told once, with all of them.
extension Obstacle {
  private static let most = 8

  func lacking(_ value: String) -> Obstacle {
    guard code == .enum, isProved else { return self }
    var obstacle = self
    obstacle.lacking = [value]
    return obstacle
  }

  static func joined(_ obstacles: [Obstacle]) -> [Obstacle] {
    var joined: [Obstacle] = []
    var places: [String: Int] = [:]
    for obstacle in obstacles {
      guard !obstacle.lacking.isEmpty else {
        joined.append(obstacle)
        continue
      }
      if let place = places[obstacle.path] {
        joined[place].lacking += obstacle.lacking
      } else {
        places[obstacle.path] = joined.count
        joined.append(obstacle)
      }
    }
    return joined.map { obstacle in
      guard !obstacle.lacking.isEmpty else { return obstacle }
      let more = obstacle.lacking.count > most ? " and \(obstacle.lacking.count - most) more" : ""
      let list = obstacle.lacking.prefix(most).joined(separator: ", ") + more
      var told = obstacle
      told.lacking = []
      told.rule += ", which lacks \(list)"
      told.advice = "add \(list)"
      told.writersAdvice = "leave \(list) out"
      return told
    }
  }
}
