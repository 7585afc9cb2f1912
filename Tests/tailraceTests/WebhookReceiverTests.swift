// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

extension Integration {
  @Suite struct WebhookReceivers {
    private static func withService(
      _ layout: String = "rows", allModes: Bool = false, _ body: (OutboxDatabase, ReceivingService) throws -> Void
    ) throws {
      try withDatabase(15, ReceivingService.schema) { database in
        try body(database, try ReceivingService(database, layout: layout, allModes: allModes))
      }
    }

    @Test(arguments: ["rows", "days"])
    func `50 clients deliver each event twice at the same moment, and each effect is there once`(layout: String) throws
    {
      try Self.withService(layout) { database, service in
        let statuses = try service.python(
          """
          statuses = []
          def client(number):
              def deliver(one, gate):
                  gate.wait()
                  statuses.append(send(one)[0])
              for place in range(20):
                  one = event(f"{number}-{place}", time=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()))
                  gate = threading.Barrier(2)
                  both = [threading.Thread(target=deliver, args=(one, gate)) for _ in range(2)]
                  for thread in both: thread.start()
                  for thread in both: thread.join()
          clients = [threading.Thread(target=client, args=(number,)) for number in range(50)]
          for thread in clients: thread.start()
          for thread in clients: thread.join()
          print(len(statuses), set(statuses))
          """)
        #expect(statuses == ["2000 {204}"])
        #expect(try database.psql("SELECT count(*), count(DISTINCT id) FROM effects") == "1000|1000")
      }
    }

    @Test(.enabled(if: PythonPackages.isAvailable, "needs python3 with pip"))
    func `what clients that are not ours sign and write is taken, in all three modes`() throws {
      let packages = try PythonPackages("webhooks")
      defer { packages.remove() }
      try Self.withService(allModes: true) { database, service in
        let answers = try service.python(
          """
          import datetime
          from cloudevents.core.bindings.http import to_binary_event, to_structured_event
          from cloudevents.core.v1.event import CloudEvent
          from standardwebhooks import Webhook

          def made(id):
              return CloudEvent({"id": id, "source": "https://shop.example/päd".replace("ä", "%C3%A4"), "type": "Gäste geladen",
                  "specversion": "1.0", "subject": 'a "b" %', "time": datetime.datetime.now(datetime.timezone.utc),
                  "datacontenttype": "application/json", "tenant": "north"}, {"text": "ä 🎉"})

          def send_by(secret, message, kind=None, body=None, id="msg"):
              body = message.body if body is None else body
              body = body if isinstance(body, bytes) else body.encode()
              now = datetime.datetime.now(datetime.timezone.utc)
              signature = Webhook(secret).sign(id, now, body.decode())
              headers = {**message.headers, "webhook-id": id, "webhook-timestamp": str(int(now.timestamp())),
                         "webhook-signature": signature}
              if kind: headers = {name: value for name, value in headers.items() if name.lower() != "content-type"} | kind
              return post(headers, body)

          for number, secret in enumerate(sys.argv[2:]):
              print("binary", *send_by(secret, to_binary_event(made(f"b{number}")), id=f"b{number}")[::2])
              print("structured", *send_by(secret, to_structured_event(made(f"s{number}")))[::2])
              two = [to_structured_event(made(f"{letter}{number}")) for letter in "xy"]
              whole = "[" + ",".join(m.body.decode() if isinstance(m.body, bytes) else m.body for m in two) + "]"
              print("batched", *send_by(secret, two[0], BATCHED, whole)[::2])
          """, [ReceivingService.secrets[1]], packages: packages)
        #expect(
          answers == [
            "binary 204 ", "structured 204 ", "batched 204 ", "binary 204 ", "structured 204 ", "batched 204 ",
          ])
        let effects = try database.psql(
          "SELECT id, type, subject, (data::json)->>'text' FROM effects ORDER BY id COLLATE \"C\"")
        let ids = ["b0", "b1", "s0", "s1", "x0", "x1", "y0", "y1"]
        #expect(effects == ids.map { "\($0)|Gäste geladen|a \"b\" %|ä 🎉" }.joined(separator: "\n"))
      }
    }

    @Test(arguments: ["structured", "binary", "batch"])
    func `what tailrace sends is taken and handled once, whatever comes again`(mode: String) throws {
      try Self.withService(allModes: mode == "binary") { database, service in
        let secrets = database.files.file("secrets")
        try ReceivingService.secrets.joined(separator: "\n").write(toFile: secrets, atomically: true, encoding: .utf8)
        try database.psql(
          """
          SELECT place(n, 'k' || n % 3) FROM generate_series(1, 50) n;
          INSERT INTO outbox (aggregateid, type, payload) VALUES
            ('ключ "%" 🚰', 'Gäste geladen', '{"n": 51, "text": "schön\\u2028 🎉 \\"q\\" \\\\"}'), ('none', 'Placed', NULL),
            ('list', 'Placed', '[1, 2.50, null]'), ('text', 'Placed', '"just text"'), ('x', 'Unknown', '{}');
          SELECT pg_create_logical_replication_slot('\(database.name)_again', 'pgoutput');
          """)
        let options =
          ["--http-mode", mode, "--signing-secret-file", secrets, "--until", "now"]
          + (mode == "batch" ? ["--batch-size", "7"] : [])
        for _ in 1...2 {
          let stream = try database.stream(["--sink", service.url] + options)
          #expect(try stream.exitCode(within: 60) == 0, "\(stream.errors.text)")
          // Back to where it was, so that all comes again.
          let (slot, earlier) = (database.slot, "\(database.name)_again")
          try database.psql(
            "SELECT pg_drop_replication_slot('\(slot)'); SELECT pg_copy_logical_replication_slot('\(earlier)', '\(slot)');"
          )
        }
        let different = """
          FROM outbox o FULL JOIN effects e ON e.id = o.id::text WHERE o.type <> 'Unknown' AND (e.id IS NULL OR e.type <> o.type
            OR e.subject <> o.aggregateid OR e.data::jsonb IS DISTINCT FROM o.payload)
          """
        #expect(
          try database.psql("SELECT count(*), count(DISTINCT id) FROM effects; SELECT count(*) \(different)")
            == "54|54\n0")
      }
    }

    @Test func `a refused event becomes the relay's dead letter, and of a batch only that one`() throws {
      try Self.withService { database, service in
        let secrets = database.files.file("secrets")
        try ReceivingService.secrets[0].write(toFile: secrets, atomically: true, encoding: .utf8)
        try database.psql(
          """
          SELECT place(1, 5);
          INSERT INTO outbox (aggregateid, type, payload) VALUES ('r', 'Refused', '{}');
          SELECT place(6, 9);
          """)
        let letters = database.files.file("letters")
        let stream = try database.stream([
          "--sink", service.url, "--http-mode", "batch", "--batch-size", "20", "--signing-secret-file", secrets,
          "--until", "now",
          "--on-poison", "dead-letter", "--dead-letters", "file:\(letters)",
        ])
        #expect(try stream.exitCode(within: 60) == 0, "\(stream.errors.text)")
        #expect(try database.psql("SELECT count(*), count(*) FILTER (WHERE type = 'Refused') FROM effects") == "9|0")
        #expect(try String(contentsOfFile: letters, encoding: .utf8).wholeLines.count { $0.contains("Refused") } == 1)
      }
    }

    @Test func `each status is answered for what it is for, and a batch names the event to blame`() throws {
      try Self.withService { _, service in
        let answers = try service.python(
          #"""
          body = json.dumps(event("1")).encode()
          def show(*answer):
              status, headers, text = answer
              problem = json.loads(text) if text.startswith("{") else {}
              print(status, problem.get("index", ""), problem.get("id", ""), headers.get("allow", ""))
          show(*send(event("1")))
          show(*send(event("1")))
          show(*send(event("2", "Nobody")))
          show(*send({"specversion": "1.0"}))
          show(*post(STRUCTURED, body))
          show(*post(signed(STRUCTURED, body, ago=301), body))
          show(*post(signed(STRUCTURED, body, ago=299), body))
          long = json.dumps(event("3", data="x" * (1 << 20))).encode()
          show(*post(signed(STRUCTURED, long), long))
          show(*post(signed(STRUCTURED, long), iter([long[:600000], long[600000:]])))
          show(*post(signed({"content-type": "application/json"}, body), body))
          show(*send([event("4"), event("5", "Refused"), event("6")]))
          show(*send([event("4"), {**event("7"), "time": "now"}]))
          show(*post({}, b"", method="GET"))
          print(post({}, b"", "/other", "GET")[2], post({}, b"", "/none", "GET")[0])
          """#)
        #expect(
          answers.map { $0.trimmingCharacters(in: .whitespaces) } == [
            "204", "204", "204", "400", "401", "401", "204", "413", "413", "415", "422 1 5", "400 1 7", "405   POST",
            "other 404",
          ])
      }
    }

    @Test func `what was signed is no other event when it is sent again with other header fields`() throws {
      let program = #"""
        body = json.dumps(event("1")).encode()
        one = signed(STRUCTURED, body, id="1")
        again = {name: value for name, value in one.items() if name.startswith("webhook-")}
        plain = signed(binary("2"), b"{}", id="2")
        forged = [(one, body), ({**again, **binary("1", "OrderPlaced")}, body), ({**again, **binary("3", "OrderPlaced")}, body),
                  (plain, b"{}"), ({**plain, "ce-id": "3"}, b"{}")]
        print(*[post(*request)[0] for request in forged])
        """#
      try Self.withService { database, service in
        let answers = try service.python(program)
        #expect(answers == ["204 401 401 401 401"])
        #expect(try database.psql("SELECT id, type FROM effects") == "1|Placed")
      }
      try Self.withService(allModes: true) { database, service in
        // Not the type of one in binary mode, which nothing covers: the same id is taken once all the same.
        let answers = try service.python(program)
        #expect(answers == ["204 204 401 204 401"])
        #expect(try database.psql("SELECT id, type FROM effects ORDER BY id") == "1|Placed\n2|Placed")
      }
    }

    @Test func `ids in header fields of bytes that are no ASCII are refused, before two become one`() throws {
      try Self.withService(allModes: true) { database, service in
        let answers = try service.python(
          #"""
          def raw(id, written):
              headers = signed(binary(id), b"{}", id=written)
              return post({name: value.encode("latin-1") for name, value in headers.items()}, b"{}")[0]
          print(raw("caf\xe9", "caf%C3%A9"), raw("caf\xe8", "caf%C3%A8"), raw("caf%C3%A9", "caf%C3%A9"), raw("caf%C3%A8", "caf%c3%a8"))
          """#)
        #expect(answers == ["400 400 204 204"])
        #expect(try database.psql("SELECT count(DISTINCT id) FROM effects") == "2")
      }
    }

    @Test func `text with a zero byte is refused for good, and what the server refuses comes again`() throws {
      try Self.withService { database, service in
        try database.psql("ALTER TABLE effects ALTER subject TYPE varchar(200)")
        let answers = try service.python(
          """
          def without(one):
              del one["data"]
              return one
          status, _, text = send({**without(event("1")), "datacontenttype": "text/plain", "data_base64": "YQBi"})
          print(status, json.loads(text)["detail"])
          print(send({**event("2"), "subject": "x" * 300})[0])
          """)
        #expect(answers == ["422 parameter 4 holds a zero byte, which no text in PostgreSQL can", "503"])
        #expect(try database.psql("SELECT count(*) FROM effects") == "0")
      }
    }

    @Test func `with the database down it is 503 with Retry-After, and taken when it is back`() throws {
      try TestServer.with { server in
        try server.withDatabase(ReceivingService.schema) { database in
          let service = try ReceivingService(database)
          let sending = """
            status, headers, text = send(event(sys.argv[3]))
            print(status, headers.get("retry-after", ""))
            """
          #expect(try service.python(sending, ["1"]) == ["204 "])
          try server.stop()
          #expect(try service.python(sending, ["2"]) == ["503 5"])
          try server.start()
          #expect(try service.python(sending, ["2"]) == ["204 "])
          #expect(try service.python(sending, ["1"]) == ["204 "])
          #expect(try database.psql("SELECT string_agg(id, ' ' ORDER BY id) FROM effects") == "1 2")
        }
      }
    }
  }
}
