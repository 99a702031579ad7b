import Casier
import Foundation
import Testing

import func CasierInternal.catalogue

/// The folder of the published vectors, in the form of the shared ones.
private let published = ProcessInfo.processInfo.environment["CASIER_PUBLISHED"]

/// Runs every shared vector through the Swift package; see the README beside this folder.
///
/// A kind, a field or a code that is not known is a failure, and none is left out.
@Suite(.timeLimit(.minutes(5)))
struct ConformanceTests {
    private let vectors = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent("vectors")

    @Test func sharedVectors() throws {
        let kinds = try runFiles(of: vectors, "shared")
        #expect(kinds == Set(runners.keys), "each kind has vectors")
    }

    @Test(.enabled(if: published != nil, "CASIER_PUBLISHED is not set"))
    func publishedVectors() throws {
        let folder = try #require(published)
        #expect(try !runFiles(of: URL(fileURLWithPath: folder), "published").isEmpty)
    }

    /// Runs every file of a folder; gives the kinds that were there.
    private func runFiles(of folder: URL, _ what: String) throws -> Set<String> {
        let codes = Set(try catalogue().map(\.code))
        var counts: [String: Int] = [:]
        for name in try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
        where name.hasSuffix(".json") {
            let data = try Data(contentsOf: folder.appendingPathComponent(name))
            let file = try JSONDecoder().decode(JSONValue.self, from: data)
            let kind = try #require(file["kind"]?.stringValue)
            let cases = try #require(file["cases"]?.arrayValue)
            let run = try #require(runners[kind], "\(name): no runner for the kind \(kind)")
            let names = cases.compactMap { $0["name"]?.stringValue }
            #expect(Set(names).count == cases.count, "\(name): a name is missing or stands twice")
            for vector in cases {
                do {
                    try hold(vector, codes: codes, run: run)
                } catch {
                    Issue.record("\(kind): \(vector["name"]?.stringValue ?? "?"): \(error)")
                }
                counts[kind, default: 0] += 1
            }
        }
        for (kind, count) in counts.sorted(by: { $0.key < $1.key }) {
            print("\(what) vectors: \(kind): \(count) ran")
        }
        return Set(counts.keys)
    }

    /// Throws unless the case comes out as it says.
    private func hold(
        _ vector: JSONValue, codes: Set<String>, run: (JSONValue) throws -> [String: JSONValue]
    ) throws {
        var fields = try Fields(vector)
        var expected = try Fields(fields.require("expected"))
        let given = try fields.require("input")
        _ = try fields.require("name")
        try fields.end()
        let wanted = expected.take("ok")
        let code = try expected.take("error")?.text()
        let details = expected.take("details")
        try expected.end()
        guard (wanted == nil) != (code == nil) else {
            throw Mismatch("exactly one of `ok` and `error` must be expected")
        }
        if let code, !codes.contains(code) { throw Mismatch("the catalogue has no code \(code)") }

        let found: [String: JSONValue]
        do {
            found = try run(given)
        } catch let error as CasierError {
            guard error.code == code else {
                throw Mismatch("expected \(code ?? "success"), got \(error)")
            }
            return try cover(members(error.details), details ?? .object([:]), "details")
        }
        guard let wanted else { throw Mismatch("expected \(code ?? ""), got \(found)") }
        try cover(found, wanted, "ok")
    }

    private func members(_ details: CasierError.Details) -> [String: JSONValue] {
        [
            "required": JSONValue(details.required), "actual": JSONValue(details.actual),
            "limit": JSONValue(details.limit), "used": JSONValue(details.used),
            "retry_after": details.retryAfter.map(JSONValue.number) ?? .null,
        ]
    }

    /// Each wanted member came out, and equal; of a user, too, some may stay unnamed.
    private func cover(_ found: [String: JSONValue], _ wanted: JSONValue, _ path: String) throws {
        for (name, value) in try #require(wanted.objectValue) {
            guard let came = found[name] else {
                throw Mismatch("nothing comes out at \(path).\(name)")
            }
            if name == "user" {
                try cover(try #require(came.objectValue), value, "\(path).user")
            } else if !came.isExactly(value) {
                throw Mismatch("\(path).\(name): expected \(value), got \(came)")
            }
        }
    }
}
