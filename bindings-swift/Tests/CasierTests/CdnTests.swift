import Casier
import Foundation
import Testing

/// Links and cookies for CloudFront, whose signatures `openssl` checks.
@Suite(.timeLimit(.minutes(1)))
struct CdnTests {
    private let key = "user_1/blogs/été 1*.md"

    @Test func aLinkIsSigned() async throws {
        try await withFolder { folder in
            let edge = try Distribution(keptIn: folder)
            let files = try edge.casier().storageFor(userId: "1")
            let link = try files.cdnUrl(key, expiresIn: 60)
            let parts = link.url.absoluteString.split(separator: "?", maxSplits: 1).map(String.init)
            #expect(parts[0] == "https://cdn.example.com/user_1/blogs/%C3%A9t%C3%A9%201%2A.md")
            #expect(link.expiresIn == 60)
            let query = fields(of: parts[1])
            #expect(query["Key-Pair-Id"] == "K2JCJMDEHXQW5F")
            let ends = UInt64(link.expiresAt.timeIntervalSince1970)
            #expect(query["Expires"] == "\(ends)")
            let policy =
                #"{"Statement":[{"Resource":"\#(parts[0])","Condition":{"DateLessThan":"#
                + #"{"AWS:EpochTime":\#(ends)}}}]}"#
            #expect(try edge.signed(Data(policy.utf8), query["Signature"]))
            #expect(try !edge.signed(Data((policy + " ").utf8), query["Signature"]))
        }
    }

    @Test func aLinkMayBeginLaterAndForSomeAddressesAlone() async throws {
        try await withFolder { folder in
            let edge = try Distribution(keptIn: folder)
            let files = try edge.casier().storageFor(userId: "1")
            let start = Date(timeIntervalSinceNow: 30)
            let link = try files.cdnUrl(
                key, expiresIn: 600, startsAt: start, ipRange: "192.0.2.0/24")
            let query = fields(of: try #require(link.url.query(percentEncoded: true)))
            let policy = try #require(Distribution.decoded(query["Policy"]))
            let terms = try JSONDecoder().decode(JSONValue.self, from: policy)["Statement"]
            let condition = terms?.arrayValue?.first?["Condition"]
            let begins = condition?["DateGreaterThan"]?["AWS:EpochTime"]?.integerValue
            #expect(begins == Int64(start.timeIntervalSince1970))
            let range = condition?["IpAddress"]?["AWS:SourceIp"]?.stringValue
            #expect(range == "192.0.2.0/24")
            #expect(try edge.signed(policy, query["Signature"]))
        }
    }

    @Test func cookiesOpenOneScope() async throws {
        try await withFolder { folder in
            let edge = try Distribution(keptIn: folder)
            let files = try edge.casier().storageFor(userId: "1")
            let cookies = try files.cdnCookies(expiresIn: 600)
            #expect(cookies.domain == "cdn.example.com")
            #expect(cookies.path == "/user_1/")
            #expect(cookies.expiresIn == 600)
            #expect(cookies.expiresAt > Date())
            #expect(cookies.cookies["CloudFront-Key-Pair-Id"] == "K2JCJMDEHXQW5F")
            let policy = try #require(Distribution.decoded(cookies.cookies["CloudFront-Policy"]))
            let text = String(decoding: policy, as: UTF8.self)
            #expect(text.contains(#""Resource":"https://cdn.example.com/user_1/*""#))
            #expect(try edge.signed(policy, cookies.cookies["CloudFront-Signature"]))

            let headers = try cookies.setCookieHeaders(domain: "example.com")
            #expect(headers.count == cookies.cookies.count)
            for (name, value) in cookies.cookies {
                #expect(headers.contains { $0.hasPrefix("\(name)=\(value); Domain=example.com;") })
            }
            let end = "; Path=/user_1/; Secure; HttpOnly; SameSite=Lax"
            #expect(headers.allSatisfy { $0.hasSuffix(end) })
            let error = try await failure {
                _ = try cookies.setCookieHeaders(domain: "elsewhere.com")
            }
            #expect(error.code == "invalid-request")
        }
    }

    @Test func refusalsAreTyped() async throws {
        try await withFolder { folder in
            let files = try Distribution(keptIn: folder).casier().storageFor(userId: "1")
            let late = Date(timeIntervalSinceNow: 3600)
            let calls: [(String, () throws -> Void)] = [
                ("not-owner", { _ = try files.cdnUrl("user_2/a.md") }),
                ("invalid-key", { _ = try files.cdnUrl("user_1/../user_2/a.md") }),
                ("invalid-request", { _ = try files.cdnUrl(key, expiresIn: 0) }),
                ("invalid-request", { _ = try files.cdnUrl(key, expiresIn: -1) }),
                ("invalid-request", { _ = try files.cdnUrl(key, expiresIn: 604_801) }),
                ("invalid-request", { _ = try files.cdnUrl(key, expiresIn: 60, startsAt: late) }),
                ("invalid-request", { _ = try files.cdnUrl(key, ipRange: "2001:db8::1") }),
                ("invalid-request", { _ = try files.cdnCookies(expiresIn: 60, startsAt: late) }),
                ("invalid-request", { _ = try files.cdnCookies(ipRange: "everybody") }),
                (
                    "invalid-request",
                    { _ = try files.cdnCookies(startsAt: Date(timeIntervalSince1970: .infinity)) }
                ),
            ]
            for (code, call) in calls {
                #expect(try await failure { try call() }.code == code)
            }
            let without = try LocalStack.shared().files()
            let error = try await failure { _ = try without.cdnCookies() }
            guard case .config(let failure) = error else { throw Missing("another case: \(error)") }
            #expect(failure.message.contains("CLOUDFRONT_DOMAIN"))
        }
    }

    private func fields(of query: String) -> [String: String] {
        let pairs = query.split(separator: "&")
            .map { $0.split(separator: "=", maxSplits: 1).map(String.init) }
        return Dictionary(uniqueKeysWithValues: pairs.map { ($0[0], $0[1]) })
    }
}
