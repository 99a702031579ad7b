//! The table of `docs/stores.md`: a column for each store, of which a run knows its own.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::Row;
use crate::docs::{check_or_write, read, with_block};

const BLOCK: &str = "what the runs found";
const LOCAL: &str = "casier-local";
const UNKNOWN: &str = "?";

pub(super) fn check_or_write_column(rows: &[Row]) {
    let store = std::env::var("CASIER_STORE").unwrap_or_else(|_| LOCAL.to_owned());
    let page = read("stores.md");
    let mut table = Table::parse(&page);
    table.set(&store, rows);
    check_or_write("stores.md", &with_block(&page, BLOCK, &table.write(rows)));
}

/// The cells by store and capability; the local store first, the others by their names.
struct Table {
    stores: Vec<String>,
    cells: BTreeMap<(String, String), String>,
}

impl Table {
    fn parse(page: &str) -> Self {
        let begin = format!("<!-- begin: {BLOCK} -->\n");
        let block = page.split_once(&begin).unwrap().1.split_once("<!-- end").unwrap().0;
        let mut lines = block.lines().map(|line| -> Vec<String> {
            line.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect()
        });
        let stores: Vec<String> = lines.next().into_iter().flatten().skip(2).collect();
        let mut cells = BTreeMap::new();
        for line in lines.skip(1) {
            for (store, cell) in stores.iter().zip(&line[2..]) {
                cells.insert((store.clone(), line[0].clone()), cell.clone());
            }
        }
        Self { stores, cells }
    }

    /// A store comes in the place of its former version, whose findings are not its own.
    fn set(&mut self, store: &str, rows: &[Row]) {
        let product = |name: &str| name.split(' ').next().unwrap_or_default().to_owned();
        self.stores.retain(|other| product(other) != product(store));
        self.stores.push(store.to_owned());
        self.stores.sort_by_key(|name| (name != LOCAL, name.clone()));
        for row in rows {
            let key = (store.to_owned(), row.capability.to_owned());
            self.cells.insert(key, row.finding.clone());
        }
    }

    fn write(&self, rows: &[Row]) -> String {
        let mut text = format!("| | what Casier needs it for | {} |\n", self.stores.join(" | "));
        text += &format!("|---|---{}|\n", "|---".repeat(self.stores.len()));
        for row in rows {
            write!(text, "| {} | {} |", row.capability, row.needed_for).unwrap();
            for store in &self.stores {
                let key = (store.clone(), row.capability.to_owned());
                let cell = self.cells.get(&key).map_or(UNKNOWN, String::as_str);
                write!(text, " {cell} |").unwrap();
            }
            text.push('\n');
        }
        text
    }
}
