// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

extension Integration {
  /// What another user of the machine has put where the program's own files are to be.
  @Suite struct PlantedFiles {
    enum Place: String, CaseIterable {
      case state, checkpoint, letters
    }

    enum Plant: String, CaseIterable {
      case link, pipe, file, open
    }

    @Test(.enabled(if: geteuid() == 0, "only root can give files away"), arguments: Place.allCases, Plant.allCases)
    func `a planted file ends the start with one line, at once, and nobody else's file is touched`(
      place: Place, plant: Plant
    ) throws {
      try withDatabase { database in
        let victim = database.files.file("victim")
        try Data("precious\n".utf8).write(to: URL(filePath: victim))
        let path = place == .state ? database.file + ".state" : database.files.file(place.rawValue)
        switch plant {
        case .link:
          try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: victim)
          #expect(lchown(path, 54_321, 54_321) == 0)
        case .pipe: #expect(mkfifo(path, 0o666) == 0)
        case .file:
          try Data().write(to: URL(filePath: path))
          #expect(chown(path, 54_321, 54_321) == 0)
        case .open:
          try Data().write(to: URL(filePath: path))
          #expect(chmod(path, 0o666) == 0)
        }
        // What an earlier version used as names of temporary files.
        for name in [path, database.file] { try Data("theirs".utf8).write(to: URL(filePath: name + ".new")) }
        try database.psql(
          "ALTER TABLE outbox ALTER aggregatetype DROP NOT NULL; "
            + "INSERT INTO outbox (aggregateid, aggregatetype) VALUES ('a', NULL);")
        var options = ["--on-poison", "dead-letter", "--dead-letters"]
        options += ["file:" + (place == .letters ? path : database.files.file("letters"))]
        if place == .checkpoint { options += ["--checkpoint", path] }
        let stream = try database.streamToFile(options + ["--until", "now"])
        #expect([73, 74, 78].contains(try stream.exitCode(within: 10)), "\(stream.errors.text)")
        #expect(stream.complaint?.contains(path) == true, "\(stream.errors.text)")
        #expect(try String(contentsOfFile: victim, encoding: .utf8) == "precious\n")
        for name in [path, database.file] {
          #expect(try String(contentsOfFile: name + ".new", encoding: .utf8) == "theirs")
        }
        if plant == .file {
          #expect(try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int == 0)
        }
      }
    }

    @Test func `an output and letters that the operator links are followed, and their state lies beside the link`()
      throws
    {
      try withDatabase { database in
        let (target, letters) = (database.files.file("far-events"), database.files.file("far-letters"))
        try FileManager.default.createSymbolicLink(atPath: database.file, withDestinationPath: target)
        try FileManager.default.createSymbolicLink(
          atPath: database.files.file("letters"), withDestinationPath: "far-letters")
        try database.psql("SELECT place(1);")
        try database.psql("ALTER TABLE outbox ALTER aggregatetype DROP NOT NULL;")
        try database.psql("INSERT INTO outbox (aggregateid, aggregatetype, payload) VALUES ('b', NULL, '{\"n\": 2}');")
        for number in 3...4 {
          try database.psql("SELECT place(\(number));")
          let stream = try database.streamToFile(
            [
              "--on-poison", "dead-letter", "--dead-letters", "file:\(database.files.file("letters"))", "--until",
              "now",
            ])
          #expect(try stream.exitCode() == 0, "\(stream.errors.text)")
        }
        #expect(try Event.read(String(contentsOfFile: target, encoding: .utf8).wholeLines).numbers == [1, 3, 4])
        #expect(try String(contentsOfFile: letters, encoding: .utf8).wholeLines.count == 1)
        let drop = try database.deadLetters(["drop", "--all"], at: "file:\(database.files.file("letters"))")
        #expect(try drop.exitCode() == 0, "\(drop.errors.text)")
        #expect(
          try FileManager.default.destinationOfSymbolicLink(atPath: database.files.file("letters")) == "far-letters")
        #expect(FileManager.default.fileExists(atPath: database.file + ".state"))
      }
    }
  }
}
