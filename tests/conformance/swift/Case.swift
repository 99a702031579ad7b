import Casier
import Foundation

/// What a case says that the runner cannot accept: an unknown field, kind or code, or an outcome
/// other than the expected one.
struct Mismatch: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }
}

/// The members of an object, each taken once; one that is left over is unknown.
struct Fields {
    private var members: [String: JSONValue]

    init(_ value: JSONValue?) throws {
        guard let members = value?.objectValue else { throw Mismatch("expected an object") }
        self.members = members
    }

    mutating func take(_ name: String) -> JSONValue? {
        members.removeValue(forKey: name)
    }

    mutating func require(_ name: String) throws -> JSONValue {
        guard let value = take(name) else { throw Mismatch("there is no \(name)") }
        return value
    }

    /// The one member that is left.
    mutating func takeOnly() throws -> (name: String, value: JSONValue) {
        guard members.count == 1, let (name, value) = members.popFirst() else {
            throw Mismatch("expected one member, got \(members.keys.sorted())")
        }
        return (name, value)
    }

    func end() throws {
        guard members.isEmpty else { throw Mismatch("unknown fields: \(members.keys.sorted())") }
    }
}

extension JSONValue {
    func text() throws -> String {
        guard let stringValue else { throw Mismatch("expected a text, got \(self)") }
        return stringValue
    }

    func texts() throws -> [String] {
        guard let arrayValue else { throw Mismatch("expected texts, got \(self)") }
        return try arrayValue.map { try $0.text() }
    }

    func textsByName() throws -> [String: [String]] {
        guard let objectValue else { throw Mismatch("expected lists of texts, got \(self)") }
        return try objectValue.mapValues { try $0.texts() }
    }

    func flag() throws -> Bool {
        guard let boolValue else { throw Mismatch("expected true or false, got \(self)") }
        return boolValue
    }

    /// An exact number, from 0 to `UInt64.max`.
    func count() throws -> UInt64 {
        switch self {
        case .integer(let number) where number >= 0: UInt64(number)
        case .unsigned(let number): number
        default: throw Mismatch("expected a whole number, got \(self)")
        }
    }

    func seconds() throws -> Double {
        switch self {
        case .integer(let number): Double(number)
        case .number(let number): number
        default: throw Mismatch("expected seconds, got \(self)")
        }
    }

    /// A text, or the parts of one, `[part, times]` where a part is repeated.
    func writtenOut() throws -> String {
        guard let parts = arrayValue else { return try text() }
        return try parts.map { part in
            guard let pair = part.arrayValue else { return try part.text() }
            return String(repeating: try pair[0].text(), count: Int(try pair[1].count()))
        }.joined()
    }

    /// The value as JSON text.
    func json() throws -> String {
        String(decoding: try JSONEncoder().encode(self), as: UTF8.self)
    }

    /// Equal to the byte: Swift's own comparison takes two spellings of `é` for one.
    func isExactly(_ other: JSONValue) -> Bool {
        switch (self, other) {
        case (.string(let one), .string(let two)):
            one.utf8.elementsEqual(two.utf8)
        case (.array(let one), .array(let two)):
            one.count == two.count && zip(one, two).allSatisfy { $0.isExactly($1) }
        case (.object(let one), .object(let two)):
            one.count == two.count
                && one.allSatisfy { name, value in two[name].map(value.isExactly) ?? false }
        default:
            self == other
        }
    }

    init(_ text: String?) {
        self = text.map(JSONValue.string) ?? .null
    }

    init(_ texts: [String]) {
        self = .array(texts.map(JSONValue.string))
    }

    init(_ number: UInt64?) {
        self = number.map { Int64(exactly: $0).map(JSONValue.integer) ?? .unsigned($0) } ?? .null
    }

    /// Whole seconds since 1970.
    init(_ time: Date?) {
        self = time.map { .integer(Int64($0.timeIntervalSince1970)) } ?? .null
    }
}
