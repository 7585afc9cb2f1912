import Foundation
import Testing

extension Integration {
  @Suite(.enabled(if: TLSReceiver.isAvailable, "needs python3 and openssl"))
  struct TLS {
    @Test func `a receiver whose certificate comes from the authority that is trusted gets the events`() throws {
      try withReceiver { database, receiver, authority in
        let stream = try database.stream(["--sink", receiver.url, "--ca-file", authority, "--until", "now"])
        #expect(try stream.exitCode() == 0, "\(stream.errors.text)")
        #expect(try Set(Event.read(receiver.bodies).numbers) == [1, 2, 3])
        #expect(try database.rest().isEmpty)
      }
    }

    @Test(arguments: [
      ("another authority", [:]), ("another host", ["host": "DNS:elsewhere.example"]), ("expired", ["days": "-1"]),
    ])
    func `a receiver that cannot prove who it is gets nothing`(why: String, properties: [String: String]) throws {
      try withReceiver(properties) { database, receiver, authority in
        let before = try database.confirmed()
        let options = why == "another authority" ? [] : ["--ca-file", authority]
        let stream = try database.stream(["--sink", receiver.url] + options)
        #expect(try stream.exitCode() == 78, "\(stream.errors.text)")
        let complaint = try #require(stream.complaint, "\(stream.errors.text)")
        #expect(complaint.contains("certificate") && complaint.contains(receiver.url))
        #expect(receiver.bodies.isEmpty)
        #expect(try database.confirmed() == before)
        #expect(try Event.read(database.rest()).numbers == [1, 2, 3])
      }
    }

    @Test func `a receiver that wants to know who we are is shown the client's certificate`() throws {
      try withReceiver(["client": "required"]) { database, receiver, authority in
        let options = ["--sink", receiver.url, "--ca-file", authority, "--until", "now"]
        let stranger = try database.stream(options)
        #expect(try stranger.exitCode() == 78, "\(stranger.errors.text)")
        #expect(stranger.complaint?.contains("--client-certificate") == true, "\(stranger.errors.text)")
        #expect(receiver.bodies.isEmpty)
        let certificate = ["--client-certificate", receiver.certificate, "--client-key", receiver.key]
        let stream = try database.stream(options + certificate)
        #expect(try stream.exitCode() == 0, "\(stream.errors.text)")
        #expect(try Set(Event.read(receiver.bodies).numbers) == [1, 2, 3])
      }
    }

    @Test func `a file of authorities or a certificate that cannot be read is an error`() throws {
      try withDatabase { database in
        for options in [["--ca-file"], ["--client-key", "/dev/null", "--client-certificate"]] {
          let stream = try database.stream(["--sink", "https://127.0.0.1/"] + options + ["/nowhere/file.pem"])
          #expect(try stream.exitCode(within: 10) == 78, "\(stream.errors.text)")
          #expect(stream.complaint?.contains("certificate") == true, "\(stream.errors.text)")
        }
      }
    }

    private func withReceiver(
      _ properties: [String: String] = [:], _ body: (OutboxDatabase, TLSReceiver, _ authority: String) throws -> Void
    ) throws {
      try withDatabase { database in
        try database.place(1...3, keys: 3)
        let receiver = try TLSReceiver(
          in: database.files, host: properties["host"] ?? "IP:127.0.0.1", days: properties["days"] ?? "2",
          wantsClientCertificate: properties["client"] != nil)
        defer { receiver.end() }
        try body(database, receiver, receiver.authority)
      }
    }
  }
}
