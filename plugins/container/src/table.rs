//! The table `containers`: what other plugins and the host may know of the containers.

use std::ffi::CStr;

use lanner_plugin_api::raw::StateType;
use lanner_plugin_api::sdk::{
    EntryRef, FieldSpec, ProvideTables, StateOut, StateValue, TableDecl, TableFault, TableRef,
};

use crate::plugin::ContainerPlugin;

const FIELDS: [(&CStr, StateType); 6] = [
    (c"ip", StateType::STRING),
    (c"user", StateType::STRING),
    (c"id", StateType::STRING),
    (c"image", StateType::STRING),
    (c"name", StateType::STRING),
    (c"type", StateType::UINT32),
];

impl ProvideTables for ContainerPlugin {
    const TABLES: &'static [TableDecl] = &[TableDecl { id: 0, name: c"containers", key_type: StateType::STRING }];

    fn table_fields(&mut self, _: u32) -> Vec<FieldSpec> {
        FIELDS.iter().map(|&(name, ty)| FieldSpec { name: name.into(), ty, read_only: true }).collect()
    }

    fn table_size(&mut self, _: TableRef) -> u64 {
        self.tracker.cache.len() as u64
    }

    fn entry(&mut self, _: TableRef, key: StateValue<'_>) -> Option<EntryRef> {
        self.tracker.cache.number(key.as_cstr()?.to_bytes()).map(|n| EntryRef(n as u64))
    }

    fn entries(&mut self, _: TableRef, out: &mut Vec<EntryRef>) {
        out.extend(self.tracker.cache.numbers().map(|n| EntryRef(n as u64)));
    }

    fn read_field(
        &mut self,
        _: TableRef,
        entry: EntryRef,
        field: u32,
        out: &mut StateOut<'_>,
    ) -> Result<(), TableFault> {
        let number = usize::try_from(entry.0).map_err(|_| TableFault::NoEntry)?;
        let c = self.tracker.cache.at(number).ok_or(TableFault::NoEntry)?;
        let text = match field {
            0 => &c.ip,
            1 => &c.user,
            2 => &c.id,
            3 => &c.image,
            4 => &c.name,
            5 => {
                out.u32(c.doc.kind.0);
                return Ok(());
            }
            _ => return Err(TableFault::NoField),
        };
        out.str_bytes(text.to_bytes());
        Ok(())
    }

    fn erase_entry(&mut self, _: TableRef, key: StateValue<'_>) -> Result<(), TableFault> {
        let key = key.as_cstr().ok_or(TableFault::KeyType)?;
        self.memo.forget();
        self.tracker.cache.remove(key.to_bytes()).map(drop).ok_or(TableFault::NoEntry)
    }

    fn clear_table(&mut self, _: TableRef) -> Result<(), TableFault> {
        self.memo.forget();
        self.tracker.cache.clear();
        Ok(())
    }
}
