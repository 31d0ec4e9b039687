//! `lanner rules fmt`.

use std::path::Path;

use lanner_engine::layout;

use super::args::FmtArgs;
use super::named;
use crate::app::error::AppError;
use crate::app::process::print_stdout;

/// Lays out every file, or names those that are laid out otherwise. A file that cannot be read or is no YAML does not keep
/// the others from being dealt with.
pub(super) fn fmt(args: &FmtArgs) -> Result<(), AppError> {
    let mut wrong = Vec::new();
    let mut other = 0;
    for path in named(&args.paths)? {
        match file(&path, args.check) {
            Ok(false) => {}
            Ok(true) => {
                other += 1;
                let verb = if args.check { "would be laid out" } else { "laid out" };
                print_stdout(&format!("{}: {verb}\n", path.display()));
            }
            Err(error) => wrong.push(format!("{}: {error}", path.display())),
        }
    }
    if !wrong.is_empty() {
        return Err(AppError::Rules(wrong.join("\n")));
    }
    if args.check && other > 0 {
        let files = if other == 1 { "1 file has".to_owned() } else { format!("{other} files have") };
        return Err(AppError::Rules(format!("{files} another layout; lanner rules fmt without --check changes that")));
    }
    Ok(())
}

/// Whether the file has another layout than the canonical one. Then it gets it, unless only asked.
fn file(path: &Path, check: bool) -> Result<bool, String> {
    let bytes = std::fs::read(path).map_err(|error| error.to_string())?;
    let text = String::from_utf8(bytes).map_err(|_| "is not UTF-8; save it as that".to_owned())?;
    let laid_out = layout::format(&text).map_err(|error| error.to_string())?;
    if laid_out == text {
        return Ok(false);
    }
    if !check {
        replace(path, &laid_out).map_err(|error| format!("cannot be written: {error}"))?;
    }
    Ok(true)
}

/// Writes beside the file and renames, so that it is never half written.
fn replace(path: &Path, text: &str) -> std::io::Result<()> {
    let mut name = path.as_os_str().to_owned();
    name.push(".lanner-fmt");
    let beside = Path::new(&name);
    let write = || {
        std::fs::write(beside, text)?;
        std::fs::set_permissions(beside, std::fs::metadata(path)?.permissions())?;
        // A link stays a link: what it leads to is what changes.
        std::fs::rename(beside, std::fs::canonicalize(path)?)
    };
    write().inspect_err(|_| {
        // It may not have come into being.
        let _ = std::fs::remove_file(beside);
    })
}
