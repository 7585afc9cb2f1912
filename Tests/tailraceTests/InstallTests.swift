// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

extension Integration {
  /// What `Scripts/install` puts somewhere, and takes away again.
  @Suite struct Installing {
    private static let script = URL(fileURLWithPath: TestServer.path).deletingLastPathComponent().appending(
      path: "install"
    ).path

    /// A place to install into, with a program that is not copied each time.
    private struct Place {
      let files: TemporaryDirectory
      var root: String { files.file("root") }
      var list: String { "\(root)/usr/local/share/doc/tailrace/files" }

      func install(_ options: [String] = [], prefix: String = "/usr/local") throws -> ChildProcess {
        let program = files.file("tailrace")
        try "#!/bin/sh\nexec '\(Tailrace.path)' \"$@\"\n".write(toFile: program, atomically: true, encoding: .utf8)
        #expect(chmod(program, 0o755) == 0)
        let child = try ChildProcess(
          Installing.script, options,
          environment: ["PREFIX": prefix, "DESTDIR": root, "TAILRACE_BINARY": program])
        _ = try child.exitCodeAfterAllOutput(within: 120)
        return child
      }

      /// What lies there, but for directories.
      var found: [String] {
        let all = FileManager.default.enumerator(atPath: root)?.compactMap { $0 as? String } ?? []
        return all.filter { path in
          var isDirectory: ObjCBool = false
          return FileManager.default.fileExists(atPath: "\(root)/\(path)", isDirectory: &isDirectory)
            && !isDirectory.boolValue
        }
      }
    }

    private func withPlace(_ body: (Place) throws -> Void) throws {
      let files = try TemporaryDirectory()
      defer { files.remove() }
      try body(Place(files: files))
    }

    @Test(arguments: [
      "/opt/my program", "/opt/a&b", "/opt/a#b", "/opt/a%b", "/opt/a\\b", "/opt/a\nb", "/opt/\"a\"", "/opt/$a",
      "/opt/../usr", "/opt/./usr", "/..", "relative",
    ])
    func `a prefix that a unit cannot take is refused before anything is there`(prefix: String) throws {
      try withPlace { place in
        for options in [[], ["--uninstall"]] {
          let refused = try place.install(options, prefix: prefix)
          #expect(try refused.exitCode() == 1)
          #expect(refused.errors.text.contains("PREFIX"), "\(refused.errors.text)")
        }
        #expect(!FileManager.default.fileExists(atPath: place.root))
      }
    }

    @Test func `slashes more than needed make no other prefix, and what is installed goes as a whole`() throws {
      try withPlace { place in
        let installed = try place.install(prefix: "//usr//local/")
        #expect(try installed.exitCode() == 0, "\(installed.errors.text)")
        #expect(place.found.contains("usr/local/bin/tailrace") && place.found.contains("usr/local/sbin/tailrace-as"))
        let unit = try String(
          contentsOfFile: "\(place.root)/usr/local/lib/systemd/system/tailrace@.service", encoding: .utf8)
        #expect(unit.contains("ExecStart=/usr/local/bin/tailrace run "))
        #expect(try place.install(["--uninstall"]).exitCode() == 0)
        #expect(place.found == [])
        let twice = try place.install(["--uninstall"])
        #expect(try twice.exitCode() == 1 && twice.errors.text.contains("nothing is installed"))
      }
    }

    @Test func `what an older version had and this one has not goes when this one comes`() throws {
      try withPlace { place in
        #expect(try place.install().exitCode() == 0)
        let gone = "\(place.root)/usr/local/share/doc/tailrace/manual/Gone.md"
        let list = try String(contentsOfFile: place.list, encoding: .utf8)
        try "old".write(toFile: gone, atomically: true, encoding: .utf8)
        // As lists were written once, of a prefix that ends with a slash.
        try (list.replacing("/usr/local/", with: "/usr/local//") + "/usr/local//share/doc/tailrace/manual/Gone.md\n")
          .write(toFile: place.list, atomically: true, encoding: .utf8)
        #expect(try place.install().exitCode() == 0)
        #expect(!FileManager.default.fileExists(atPath: gone))
        #expect(try String(contentsOfFile: place.list, encoding: .utf8) == list)
        #expect(place.found.contains("usr/local/bin/tailrace"))
        #expect(try place.install(["--uninstall"]).exitCode() == 0)
        #expect(place.found == [])
      }
    }

    @Test func `an install that fails on its way can be taken away`() throws {
      try withPlace { place in
        try FileManager.default.createDirectory(
          atPath: "\(place.root)/usr/local/lib", withIntermediateDirectories: true)
        let obstacle = "\(place.root)/usr/local/lib/systemd"
        try "no directory".write(toFile: obstacle, atomically: true, encoding: .utf8)
        #expect(try place.install().exitCode() != 0)
        #expect(place.found.contains("usr/local/bin/tailrace"))
        #expect(try place.install(["--uninstall"]).exitCode() == 0)
        #expect(place.found == ["usr/local/lib/systemd"])
      }
    }
  }
}
