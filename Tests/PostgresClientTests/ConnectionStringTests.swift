// SPDX-License-Identifier: Apache-2.0

import PostgresWire
import Testing

@testable import PostgresClient

/// The password is `opensesame` in all of them; `%` and `@` are where people put them.
@Suite struct ConnectionStringTests {
  static let malformed = [
    "jdbc:postgresql://db.example/shop?user=relay&password=opensesame",
    "jdbc:postgresql://relay:opensesame@db.example/shop",
    "postgresql+asyncpg://relay:opensesame@db.example/shop",
    "postgres+psycopg2://relay:opensesame@db.example:5432/shop?sslmode=require",
    "'postgresql://relay:opensesame@db.example/shop'", "\"postgresql://relay:opensesame@db.example/shop\"",
    "\"postgresql://relay:opensesame@db.example/shop?sslmode=require\"",
    " postgresql://relay:opensesame@db.example/shop", "postgresql://relay:opensesame@db.example/shop ",
    "postgresql://relay:opensesame@db.example/shop\n", "Postgresql://relay:opensesame@db.example/shop",
    "postgresql:/relay:opensesame@db.example/shop", "postgresql:relay:opensesame@db.example/shop",
    "host=db.example;user=relay;password=opensesame;dbname=shop", "Host=db.example;Password=opensesame",
    "Server=db.example;Port=5432;Database=shop;User Id=relay;Password=opensesame;",
    "host=db.example,user=relay,password=opensesame", "host=db.example dbname=shop,password=opensesame",
    "host=db.example dbname=shop;password=opensesame", "dbname=shop user=relay;password=opensesame",
    "host=db.example port=5432;password=opensesame", "host=db.example password = opensesame opensesame",
    "host=db.example opensesame=1", "host=db.example:5432", "host=relay:opensesame", "host=db.example:5432:opensesame",
    "host=db.example password='opensesame", "host=relay:opensesame@db.example",
    "host=postgresql://relay:opensesame@db.example/shop", "dbname=postgresql://relay:opensesame@db.example/shop",
    "postgresql://relay:open@sesame@db.example/shop", "postgresql://relay:open/opensesame@db.example/shop",
    "postgresql://relay:12/opensesame@db.example/shop", "postgresql://relay:opensesame%zz@db.example/shop",
    "postgresql://relay:open\"opensesame%zz@db.example/shop",
    "postgresql://db.example/shop?passwort=opensesame", "postgresql://db.example/shop?opensesame",
    "postgresql://db.example/shop;password=opensesame", "relay:opensesame@db.example/shop", "relay/opensesame@shop",
    "postgresql://relay:opensesame@db.example:port/shop", "postgresql://relay:open#opensesame/@db.example/shop",
  ]

  @Test(arguments: malformed)
  func `a malformed connection string is refused, and nothing of it is shown`(text: String) {
    let failure = #expect(throws: Failure.self) { try ConnectionString.check(text) }
    #expect(failure?.kind == .connectionString)
    #expect(failure?.description.contains("sesame") == false)
    #expect(failure?.description.contains("example") == false)
  }

  @Test(arguments: [
    "", "shop", "Größe_1", "my shop", "postgresql://", "postgresql:///shop", "postgresql://db.example",
    "postgresql://relay@db.example:5433/shop?sslmode=require&application_name=a%20b",
    "postgresql://relay:open%40se%2Fsame@db.example/shop", "postgres://relay:a;b:c?d#e@db.example/shop",
    "postgresql://me%40server:x@db.example/shop", "postgresql://[::1]:5432/shop", "postgresql://a,b:5433/shop",
    "postgresql://%2Fvar%2Frun/shop", "postgresql:///shop?host=/var/run&user=a@b", "host=/var/run dbname=shop",
    "host=@abstract user=me@server", "host='a,b' port=1,2 dbname='my shop'", "password='a;b=c, d' host=db.example",
    "host=::1 hostaddr=::1", "host=fe80::1%eth0,::ffff:10.0.0.1,db.example", "user=oidc:ann",
    "service=shop", "host=10.0.0.1 dbname=größe",
  ])
  func `what libpq takes is taken`(text: String) throws { try ConnectionString.check(text) }
}
