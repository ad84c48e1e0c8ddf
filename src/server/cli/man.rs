//! `tollbridge man`: the manual page, with every command. It is made of the definition that the command line is read by.

use std::error::Error;
use std::io;

use clap::{Command, CommandFactory as _};
use clap_mangen::Man;

use super::Cli;
use super::output::print;

/// Prints the page in roff, for `man -l -`.
pub(super) fn run() -> Result<(), Box<dyn Error>> {
    let mut command = Cli::command();
    command.build();
    let mut page = Vec::new();
    Man::new(command.clone()).render(&mut page)?;
    append(&command, &mut page)?;
    Ok(print(&String::from_utf8(page)?)?)
}

/// Appends the commands below this one, each as a section with its options.
fn append(command: &Command, page: &mut Vec<u8>) -> io::Result<()> {
    for below in command.get_subcommands().filter(|below| !below.is_hide_set() && below.get_name() != "help") {
        if below.has_subcommands() {
            append(below, page)?;
            continue;
        }
        let section = Man::new(below.clone());
        let name = below.get_bin_name().unwrap_or_else(|| below.get_name());
        page.extend_from_slice(format!(".SH \"{}\"\n", name.to_uppercase()).as_bytes());
        let about = below.get_about().map(ToString::to_string).unwrap_or_default();
        page.extend_from_slice(format!("{}\n.PP\n", roff_text(&about)).as_bytes());
        section.render_synopsis_section(&mut *page)?;
        section.render_options_section(&mut *page)?;
    }
    Ok(())
}

/// Text that roff does not take for a command.
fn roff_text(text: &str) -> String {
    text.replace('\\', "\\\\").replace('-', "\\-")
}
