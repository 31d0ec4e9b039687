//! One plugin offers a table, another uses it through the host; and routines.

#![allow(
    unsafe_code,
    clippy::undocumented_unsafe_blocks,
    unexpected_cfgs,
    unreachable_pub,
    reason = "the test plays the host; this crate itself has no feature `cdylib`"
)]

mod common;

use common::{Extracted, Host};
use lanner_plugin_api::raw::{self, FieldType as F, Rc};

/// Offers `things`, keyed by number, with a sub-table `parts` in each.
mod shop {
    use std::collections::BTreeMap;
    use std::ffi::CStr;

    use lanner_plugin_api::export_plugin;
    use lanner_plugin_api::raw::StateType;
    use lanner_plugin_api::sdk::*;

    #[derive(Default)]
    struct Thing {
        name: String,
        count: u64,
        ok: bool,
        parts: Vec<String>,
        dynamic: DynamicValues,
    }

    pub struct Shop {
        things: BTreeMap<i64, Thing>,
        made: BTreeMap<u64, Thing>,
        added_fields: DynamicFields,
    }

    const THINGS: u32 = 0;
    const PARTS: u32 = 1;
    const STATIC: [(&CStr, StateType, bool); 4] = [
        (c"name", StateType::STRING, false),
        (c"count", StateType::UINT64, false),
        (c"ok", StateType::BOOL, true),
        (c"parts", StateType::TABLE, true),
    ];
    /// Entries that are not in the table yet carry this bit.
    const MADE: u64 = 1 << 63;

    impl Plugin for Shop {
        const NAME: &'static CStr = c"shop";
        const DESCRIPTION: &'static CStr = c"offers a table";
        const CONTACT: &'static CStr = c"tests";
        const VERSION: &'static CStr = c"0.0.1";
        type Config = ();
        fn new(_: &mut Init<'_>, (): ()) -> Result<Self, Error> {
            let thing = |name: &str, parts: &[&str]| Thing {
                name: name.into(),
                parts: parts.iter().map(|p| (*p).to_owned()).collect(),
                ok: true,
                ..Thing::default()
            };
            let things = BTreeMap::from([(-1, thing("minus", &[])), (7, thing("seven", &["bolt", "nut"]))]);
            Ok(Self { things, made: BTreeMap::new(), added_fields: DynamicFields::default() })
        }
    }

    impl Parse for Shop {
        fn parse(&mut self, _: &ParseCx<'_>) -> Result<(), Error> {
            Ok(())
        }
    }

    impl Shop {
        fn thing(&mut self, e: EntryRef) -> Result<&mut Thing, TableFault> {
            let found = if e.0 & MADE != 0 { self.made.get_mut(&e.0) } else { self.things.get_mut(&e.0.cast_signed()) };
            found.ok_or(TableFault::NoEntry)
        }
    }

    impl ProvideTables for Shop {
        const TABLES: &'static [TableDecl] = &[TableDecl { id: THINGS, name: c"things", key_type: StateType::INT64 }];

        fn sub_table(&self, id: u32) -> Option<TableDecl> {
            (id == PARTS).then_some(TableDecl { id, name: c"parts", key_type: StateType::UINT64 })
        }

        fn table_fields(&mut self, id: u32) -> Vec<FieldSpec> {
            if id == PARTS {
                return vec![FieldSpec { name: c"value".into(), ty: StateType::STRING, read_only: false }];
            }
            let fixed = STATIC.iter().map(|&(name, ty, read_only)| FieldSpec { name: name.into(), ty, read_only });
            let added = self.added_fields.iter().map(|(n, ty)| FieldSpec { name: n.into(), ty, read_only: false });
            fixed.chain(added).collect()
        }

        fn add_table_field(&mut self, id: u32, name: &CStr, ty: StateType) -> Result<u32, TableFault> {
            if id != THINGS {
                return Err(TableFault::NotSupported);
            }
            if STATIC.iter().any(|s| s.0 == name) {
                return Err(TableFault::FieldTaken);
            }
            Ok(self.added_fields.add(name, ty)? + STATIC.len() as u32)
        }

        fn table_size(&mut self, t: TableRef) -> u64 {
            match t.id {
                THINGS => self.things.len() as u64,
                _ => self.thing(t.parent).map_or(0, |thing| thing.parts.len() as u64),
            }
        }

        fn entry(&mut self, t: TableRef, key: StateValue<'_>) -> Option<EntryRef> {
            match t.id {
                THINGS => key.as_i64().filter(|k| self.things.contains_key(k)).map(|k| EntryRef(k.cast_unsigned())),
                _ => key.as_u64().filter(|&k| k < self.table_size(t)).map(EntryRef),
            }
        }

        fn entries(&mut self, t: TableRef, out: &mut Vec<EntryRef>) {
            match t.id {
                THINGS => out.extend(self.things.keys().map(|k| EntryRef(k.cast_unsigned()))),
                _ => out.extend((0..self.table_size(t)).map(EntryRef)),
            }
        }

        fn read_field(&mut self, t: TableRef, e: EntryRef, f: u32, out: &mut StateOut<'_>) -> Result<(), TableFault> {
            if t.id == PARTS {
                let part = self.thing(t.parent)?.parts.get(e.0 as usize).ok_or(TableFault::NoEntry)?.clone();
                out.str_bytes(part.as_bytes());
                return Ok(());
            }
            let Self { things, made, added_fields } = self;
            let found = if e.0 & MADE != 0 { made.get(&e.0) } else { None };
            let thing = found.or_else(|| things.get(&e.0.cast_signed())).ok_or(TableFault::NoEntry)?;
            match f {
                0 => out.str_bytes(thing.name.as_bytes()),
                1 => out.u64(thing.count),
                2 => out.bool(thing.ok),
                3 => out.table(PARTS, e),
                f => return thing.dynamic.read(added_fields, f - 4, out),
            }
            Ok(())
        }

        fn write_field(&mut self, t: TableRef, e: EntryRef, f: u32, v: StateValue<'_>) -> Result<(), TableFault> {
            if t.id == PARTS {
                return Err(TableFault::NotSupported);
            }
            let added = self.added_fields.clone();
            let thing = self.thing(e)?;
            match f {
                0 => thing.name = v.as_cstr().ok_or(TableFault::FieldType)?.to_string_lossy().into(),
                1 => thing.count = v.as_u64().ok_or(TableFault::FieldType)?,
                2 | 3 => return Err(TableFault::ReadOnly),
                f => return thing.dynamic.write(&added, f - 4, v),
            }
            Ok(())
        }

        fn create_entry(&mut self, _: TableRef) -> Result<EntryRef, TableFault> {
            let e = MADE | self.made.len() as u64;
            self.made.insert(e, Thing::default());
            Ok(EntryRef(e))
        }

        fn destroy_entry(&mut self, _: TableRef, e: EntryRef) {
            self.made.remove(&e.0);
        }

        fn add_entry(&mut self, _: TableRef, key: StateValue<'_>, e: EntryRef) -> Result<EntryRef, TableFault> {
            let thing = self.made.remove(&e.0).ok_or(TableFault::NoEntry)?;
            let key = key.as_i64().ok_or(TableFault::KeyType)?;
            self.things.insert(key, thing);
            Ok(EntryRef(key.cast_unsigned()))
        }

        fn erase_entry(&mut self, _: TableRef, key: StateValue<'_>) -> Result<(), TableFault> {
            let key = key.as_i64().ok_or(TableFault::KeyType)?;
            self.things.remove(&key).map(drop).ok_or(TableFault::NoEntry)
        }

        fn clear_table(&mut self, _: TableRef) -> Result<(), TableFault> {
            self.things.clear();
            Ok(())
        }
    }

    export_plugin!(Shop: parse, tables);
}

/// Uses `things`; does what the payload of an event says and keeps what came of it.
mod customer {
    use std::ffi::CStr;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};

    use lanner_plugin_api::export_plugin;
    use lanner_plugin_api::sdk::*;

    pub static STEPS: AtomicU32 = AtomicU32::new(0);

    pub struct Customer {
        things: Table<i64>,
        name: Field<CStr>,
        count: Field<u64>,
        ok: Field<bool>,
        parts: Field<Sub<u64>>,
        part: Field<CStr>,
        note: Field<CStr>,
        mark: Field<u16>,
        log: Vec<String>,
        routine: Option<RoutineHandle>,
    }

    impl Plugin for Customer {
        const NAME: &'static CStr = c"customer";
        const DESCRIPTION: &'static CStr = c"uses a table";
        const CONTACT: &'static CStr = c"tests";
        const VERSION: &'static CStr = c"0.0.1";
        type Config = ();
        fn new(init: &mut Init<'_>, (): ()) -> Result<Self, Error> {
            let t = init.tables()?;
            let mut log = vec![format!("{:?}", t.list()?)];
            let mut refused = |what: Result<(), TableError>| log.push(what.unwrap_err().to_string());
            refused(t.get::<i64>(c"nothing").map(drop));
            refused(t.get::<u64>(c"things").map(drop));
            let things = t.get::<i64>(c"things")?;
            refused(things.field::<u64>(t, c"name").map(drop));
            refused(things.add_field::<u64>(t, c"name").map(drop));
            let parts = things.field(t, c"parts")?;
            let this = Self {
                name: things.field(t, c"name")?,
                count: things.field(t, c"count")?,
                ok: things.field(t, c"ok")?,
                part: things.sub_field(t, &parts, c"value")?,
                parts,
                note: things.add_field(t, c"note")?,
                mark: things.add_field(t, c"mark")?,
                log,
                things,
                routine: None,
            };
            // Again: the same field.
            let _: Field<CStr> = this.things.add_field(t, c"note")?;
            this.things.add_field::<u64>(t, c"note").map(drop).unwrap_err();
            assert_eq!(this.things.list_fields(t)?.len(), 6);
            Ok(this)
        }
    }

    impl Customer {
        fn show(&self, e: &EntryView<'_>, tables: &TableReader<'_>) -> Result<String, TableError> {
            let mut parts = Vec::new();
            e.table(&self.parts)?.for_each(tables, |p| {
                parts.push(p.read(&self.part).unwrap().to_string_lossy().into_owned());
                true
            })?;
            Ok(format!(
                "{:?} {} {} {:?} {:?} {}",
                e.read(&self.name)?,
                e.read(&self.count)?,
                e.read(&self.ok)?,
                parts,
                e.read(&self.note)?,
                e.read(&self.mark)?
            ))
        }
    }

    impl Parse for Customer {
        fn parse(&mut self, cx: &ParseCx<'_>) -> Result<(), Error> {
            let (r, w) = (&cx.tables, &cx.writer);
            let (_, payload) = cx.event.plugin_payload().ok_or(Error::other("no payload"))?;
            let said = match payload {
                b"all" => {
                    let mut all = Vec::new();
                    self.things.for_each(r, |e| {
                        all.push(self.show(e, r).unwrap());
                        true
                    })?;
                    all.join("; ")
                }
                b"first" => {
                    let mut n = 0;
                    self.things.for_each(r, |_| {
                        n += 1;
                        false
                    })?;
                    n.to_string()
                }
                b"write" => {
                    let seven = self.things.entry(r, 7).ok_or(Error::other("no seven"))?;
                    seven.write(w, &self.name, c"VII")?;
                    seven.write(w, &self.count, 3)?;
                    seven.write(w, &self.note, c"noted")?;
                    seven.write(w, &self.mark, 0xfff0)?;
                    seven.write(w, &self.ok, false).unwrap_err().to_string()
                }
                b"add" => {
                    let new = self.things.create(r, w)?;
                    new.set(&self.name, c"new")?;
                    let added = new.insert(42)?;
                    // Made and dropped: destroyed.
                    let _ = self.things.create(r, w)?;
                    format!("{:?} of {}", added.read(&self.name)?, self.things.size(r)?)
                }
                b"erase" => {
                    self.things.erase(w, 42)?;
                    self.things.erase(w, 42).unwrap_err();
                    format!("{} {}", self.things.size(r)?, self.things.entry(r, 42).is_none())
                }
                b"gone" => {
                    let e = self.things.entry(r, 7).ok_or(Error::other("no seven"))?;
                    self.things.clear(w)?;
                    e.read(&self.name).unwrap_err().to_string()
                }
                b"panic inside" => {
                    self.things.for_each(r, |_| panic!("while iterating"))?;
                    String::new()
                }
                _ => self.things.name(r)?,
            };
            self.log.push(said);
            Ok(())
        }
    }

    impl Extract for Customer {
        fn fields(f: &mut Fields<Self>) {
            f.add("c.said", "Last result", |p: &mut Self, _: &ExtractCx<'_>| p.log.pop());
            f.add("c.name", "Name of thing", Self::name_of);
        }
    }

    impl Customer {
        fn name_of(&mut self, cx: &ExtractCx<'_>, at: u64) -> Option<String> {
            let e = self.things.entry(&cx.tables, at.cast_signed())?;
            Some(e.read(&self.name).ok()?.to_string_lossy().into_owned())
        }
    }

    impl CaptureListener for Customer {
        fn capture_open(&mut self, c: &mut Capture<'_>) -> Result<(), Error> {
            let alive = Arc::new(());
            self.routine = Some(c.subscribe(move || {
                let _ = &alive;
                STEPS.fetch_add(1, Ordering::SeqCst);
                true
            })?);
            Ok(())
        }
        fn capture_close(&mut self, c: &mut Capture<'_>) -> Result<(), Error> {
            let routine = self.routine.take().ok_or(Error::other("no routine"))?;
            c.unsubscribe(routine)
        }
    }

    export_plugin!(Customer: extract, parse, listen);
}

fn event(payload: &[u8]) -> Vec<u8> {
    let mut e = vec![0u8; 38];
    e[16..20].copy_from_slice(&(38 + payload.len() as u32).to_le_bytes());
    e[20..22].copy_from_slice(&322u16.to_le_bytes());
    e[22] = 2;
    e[26] = 4;
    e[30..34].copy_from_slice(&(payload.len() as u32).to_le_bytes());
    e.extend(payload);
    e
}

fn hosts() -> (Host, Host) {
    let shop = Host::new(shop::PLUGIN_API, "").unwrap_or_else(|f| panic!("{}", f.error));
    let customer = Host::beside(customer::PLUGIN_API, "", &[&shop]).unwrap_or_else(|f| panic!("{}", f.error));
    (shop, customer)
}

fn said(host: &Host) -> String {
    match host.extract(&event(b""), 0, F::STRING, false, None) {
        Extracted::Text(mut t) => t.pop().unwrap(),
        other => panic!("{other:?}"),
    }
}

fn run(host: &Host, what: &str) -> String {
    assert_eq!(host.parse(&event(what.as_bytes())), Rc::SUCCESS, "{what}: {}", host.error());
    said(host)
}

#[test]
fn a_client_uses_what_a_provider_offers() {
    let (shop, customer) = hosts();
    let log: Vec<String> = std::iter::repeat_with(|| said(&customer)).take(5).collect();
    assert!(log[4].contains("things") && log[4].contains("int64"), "{log:?}");
    assert!(log[3].starts_with("table nothing: "), "{log:?}");
    assert!(log[2].starts_with("table things: "), "{log:?}");
    assert!(log[1].starts_with("field name of type uint64: ") && log[0].starts_with("field name of type uint64: "));

    assert_eq!(run(&customer, "name"), "things");
    assert_eq!(run(&customer, "all"), r#""minus" 0 true [] "" 0; "seven" 0 true ["bolt", "nut"] "" 0"#);
    assert_eq!(run(&customer, "first"), "1");
    assert!(run(&customer, "write").starts_with("writing a field: "));
    assert_eq!(run(&customer, "all"), r#""minus" 0 true [] "" 0; "VII" 3 true ["bolt", "nut"] "noted" 65520"#);
    assert_eq!(run(&customer, "add"), r#""new" of 3"#);
    assert_eq!(run(&customer, "erase"), "2 true");
    let name = |at: &str| customer.extract(&event(b""), 1, F::STRING, false, Some(at));
    assert_eq!(name("7"), common::one("VII"));
    assert_eq!(name("8"), Extracted::None);
    assert_eq!(customer.parse(&event(b"panic inside")), Rc::FAILURE);
    assert_eq!(customer.error(), "panic in parse_event: while iterating");
    assert_eq!(shop.parse(&event(b"")), Rc::SUCCESS, "the next event: sub-tables and texts are used again");
    assert_eq!(run(&customer, "all"), r#""minus" 0 true [] "" 0; "VII" 3 true ["bolt", "nut"] "noted" 65520"#);
    assert!(run(&customer, "gone").starts_with("reading a field: "));
    assert_eq!(shop.error(), "no such entry");
}

#[test]
fn a_client_without_its_table_does_not_start() {
    let failed = Host::new(customer::PLUGIN_API, "").err().unwrap();
    assert!(failed.error.starts_with("table things: no table"), "{}", failed.error);
}

#[test]
fn pointers_of_another_kind_are_noticed() {
    let (shop, _customer) = hosts();
    let at = shop.owner.tables.lock().unwrap()[0];
    let input = unsafe { (at as *const raw::TableInput).as_ref() }.unwrap();
    let (reader, writer, fields) = unsafe { (&*input.reader_ext, &*input.writer_ext, &*input.fields_ext) };
    assert_eq!(input.reader.get_table_entry.map(|f| f as usize), reader.get_table_entry.map(|f| f as usize));
    unsafe {
        let t = input.table;
        let get = reader.get_table_entry.unwrap();
        assert!(get(t, std::ptr::null()).is_null());
        assert_eq!(shop.error(), "the host broke the contract: key is null");
        let key = raw::StateData { s64: 7 };
        let entry = get(t, &key);
        assert!(!entry.is_null());
        let field = fields.get_table_field.unwrap()(t, c"parts".as_ptr(), raw::StateType::TABLE);
        let mut out = raw::StateData::ZERO;
        let read = reader.read_entry_field.unwrap();
        assert_eq!(read(t, entry, std::ptr::null(), &mut out), Rc::FAILURE);
        assert_eq!(read(t, std::ptr::null_mut(), field, &mut out), Rc::FAILURE);
        assert_eq!(read(t, entry, field, std::ptr::null_mut()), Rc::FAILURE);
        assert_eq!(read(t, entry, field, &mut out), Rc::SUCCESS);
        // An accessor of the outer table is none of the sub-table.
        let sub = &*out.table.cast::<raw::TableInput>();
        let part = get_sub(sub);
        assert_eq!(read(sub.table, part, field, &mut out), Rc::FAILURE);
        assert_eq!(shop.error(), "no such field");
        // An entry of the sub-table is none of the outer one.
        assert_eq!(read(t, part, field, &mut out), Rc::FAILURE);
        assert_eq!(shop.error(), "no such entry");
        reader.release_table_entry.unwrap()(t, entry);
        assert_eq!(read(t, entry, field, &mut out), Rc::FAILURE);
        assert_eq!(shop.error(), "no such entry");
        // Twice is once.
        reader.release_table_entry.unwrap()(t, entry);
        let (a, b) = (get(t, &key), get(t, &key));
        assert_ne!(a, b);
        assert!(fields.add_table_field.unwrap()(t, std::ptr::null(), raw::StateType::INT8).is_null());
        assert!(fields.add_table_field.unwrap()(t, c"x".as_ptr(), raw::StateType(99)).is_null());
        assert!(fields.add_table_field.unwrap()(t, c"x".as_ptr(), raw::StateType::TABLE).is_null());
        assert_eq!(writer.write_entry_field.unwrap()(t, a, field, &out), Rc::FAILURE);
        assert!(!reader.iterate_entries.unwrap()(t, None, std::ptr::null_mut()).get());
    }
}

unsafe fn get_sub(sub: &raw::TableInput) -> *mut raw::TableEntry {
    let key = raw::StateData { u64: 0 };
    unsafe { (*sub.reader_ext).get_table_entry.unwrap()(sub.table, &key) }
}

/// What the one routine is called.
const THE_ROUTINE: usize = 4096;

/// The function and state of the one routine.
static ROUTINE: std::sync::Mutex<Option<(raw::RoutineFn, usize)>> = std::sync::Mutex::new(None);

unsafe extern "C" fn subscribe(
    _: *mut raw::Owner,
    f: Option<raw::RoutineFn>,
    i: *mut raw::RoutineState,
) -> *mut raw::Routine {
    *ROUTINE.lock().unwrap() = f.map(|f| (f, i as usize));
    THE_ROUTINE as *mut raw::Routine
}

unsafe extern "C" fn unsubscribe(_: *mut raw::Owner, r: *mut raw::Routine) -> Rc {
    if r as usize == THE_ROUTINE { Rc::SUCCESS } else { Rc::FAILURE }
}

#[test]
fn routines_run_until_they_are_unsubscribed() {
    let (_shop, customer) = hosts();
    let mut routine = raw::RoutineVtable { subscribe: Some(subscribe), unsubscribe: Some(unsubscribe) };
    let input = raw::CaptureListenInput {
        owner: customer.owner_ptr(),
        routine: &mut routine,
        table_reader_ext: (&raw const common::tables::READER).cast_mut(),
        table_writer_ext: (&raw const common::tables::WRITER).cast_mut(),
        get_owner_last_error: Some(common::owner_error),
    };
    let steps = || customer::STEPS.load(std::sync::atomic::Ordering::SeqCst);
    unsafe {
        assert_eq!(customer.api.capture_close.unwrap()(customer.state, &input), Rc::FAILURE);
        assert_eq!(customer.error(), "no routine");
        assert_eq!(customer.api.capture_open.unwrap()(customer.state, &input), Rc::SUCCESS);
        let (f, state) = ROUTINE.lock().unwrap().unwrap();
        let step = || f(customer.state, state as *mut raw::RoutineState).get();
        assert!(step() && step());
        assert_eq!(steps(), 2);
        assert_eq!(customer.api.capture_close.unwrap()(customer.state, &input), Rc::SUCCESS);
        // A worker that was about to call finds nothing to do.
        assert!(!step());
        assert_eq!(steps(), 2);
        assert_eq!(customer.api.capture_open.unwrap()(customer.state, std::ptr::null()), Rc::FAILURE);
    }
}
