//! The tables of `docs/stores.md`: a column for each store, of which a run knows its own.

use std::collections::BTreeMap;

use super::Row;
use crate::docs::{check_or_write, read, updates, with_block};

const PAGE: &str = "stores.md";
const LOCAL: &str = "casier-local";
const UNKNOWN: &str = "–";

/// Compares what was found with the table, or writes it there.
pub(super) fn check_or_write_column(rows: &[Row]) {
    let mut table = Table::parse("what the runs found");
    table.lines.clear();
    table.take(rows);
    table.check_or_write();
}

/// Writes what was measured into its table, when the docs are to be written anew. Nothing is
/// compared: no two runs measure the same.
pub(super) fn write_measurements(rows: &[Row]) {
    if updates() {
        let mut table = Table::parse("what the runs measured");
        table.take(rows);
        table.check_or_write();
    }
}

struct Table {
    name: &'static str,
    page: String,
    /// What stands above the first two columns.
    header: [String; 2],
    /// The first two columns: what it is, and what it is for.
    lines: Vec<[String; 2]>,
    /// The local one first, the others by their names.
    stores: Vec<String>,
    /// By store and line.
    cells: BTreeMap<(String, String), String>,
}

impl Table {
    fn parse(name: &'static str) -> Self {
        let page = read(PAGE);
        let begin = format!("<!-- begin: {name} -->\n");
        let block = page.split_once(&begin).unwrap().1.split_once("<!-- end").unwrap().0;
        let mut rows = block.lines().map(|row| -> Vec<String> {
            let row = row.strip_prefix("| ").and_then(|row| row.strip_suffix('|')).unwrap_or(row);
            row.split('|').map(|cell| cell.trim().to_owned()).collect()
        });
        let mut stores = rows.next().unwrap();
        let header = [stores.remove(0), stores.remove(0)];
        let (mut lines, mut cells) = (Vec::new(), BTreeMap::new());
        for row in rows.skip(1) {
            for (store, cell) in stores.iter().zip(&row[2..]) {
                cells.insert((store.clone(), row[0].clone()), cell.clone());
            }
            lines.push([row[0].clone(), row[1].clone()]);
        }
        Self { name, header, lines, stores, cells, page }
    }

    /// Takes these cells into the column of the store. It comes in the place of a former version
    /// of the store, whose cells are not its own.
    fn take(&mut self, rows: &[Row]) {
        let store = std::env::var("CASIER_STORE").unwrap_or_else(|_| LOCAL.to_owned());
        if !self.stores.contains(&store) {
            let product = |name: &str| name.split(' ').next().map(str::to_owned);
            self.stores.retain(|other| product(other) != product(&store));
            self.stores.push(store.clone());
            self.stores.sort_by_key(|name| (name != LOCAL, name.clone()));
        }
        for row in rows {
            let line = [row.capability.to_owned(), row.needed_for.to_owned()];
            if !self.lines.contains(&line) {
                self.lines.push(line);
            }
            self.cells.insert((store.clone(), row.capability.to_owned()), row.finding.clone());
        }
    }

    fn check_or_write(&self) {
        check_or_write(PAGE, &with_block(&self.page, self.name, &self.text()));
    }

    fn text(&self) -> String {
        let row = |first: &[String; 2], cells: &[String]| {
            format!("| {} | {} |\n", first.join(" | "), cells.join(" | "))
        };
        let mut text = row(&self.header, &self.stores);
        text += &format!("|---|---|{}\n", "---|".repeat(self.stores.len()));
        for line in &self.lines {
            let cell = |store: &String| {
                let found = self.cells.get(&(store.clone(), line[0].clone()));
                found.map_or_else(|| UNKNOWN.to_owned(), String::clone)
            };
            text += &row(line, &self.stores.iter().map(cell).collect::<Vec<_>>());
        }
        text
    }
}
