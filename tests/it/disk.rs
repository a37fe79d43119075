//! Tests folders that cannot be written, and full disks.

use std::fs;
use std::process::Command;

use crate::project::{Channel, Project, many_users};

/// A small file system of its own, where this may be made.
struct SmallDisk {
    at: std::path::PathBuf,
}

impl SmallDisk {
    #[expect(
        clippy::print_stderr,
        reason = "who reads the tests shall know what was not tested"
    )]
    fn mount(project: &Project, bytes: usize) -> Option<Self> {
        let at = project.at("disk");
        fs::create_dir_all(&at).expect("a folder");
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={bytes}"), "tmpfs"])
            .arg(&at)
            .stderr(std::process::Stdio::null())
            .status()
            .is_ok_and(|status| status.success());
        if !mounted {
            eprintln!("SKIPPED: a small file system cannot be mounted here (this needs root)");
            return None;
        }
        Some(Self { at })
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.at).status();
    }
}

#[test]
fn no_room_and_nothing_is_sent() {
    let channel = Channel::start();
    let project = channel.project();
    let Some(_disk) = SmallDisk::mount(&project, 16 * 4096) else {
        return;
    };
    let settings = project.read("talkform.yaml");
    project.write(
        "talkform.yaml",
        &format!("{settings}state: disk/state.json\n"),
    );
    project.write("users/a.yaml", &many_users(500, "pro"));
    let ran = project.run(&["apply", "--auto-approve"]).expect(1);
    assert!(ran.stderr.contains("there is no room"), "{}", ran.stderr);
    assert!(channel.about_users().is_empty());
}

#[test]
fn the_disk_fills_up_on_the_way() {
    for left in [0, 1, 3] {
        let channel = Channel::faulty(&["slow=10ms"]);
        let project = channel.project();
        let Some(disk) = SmallDisk::mount(&project, 192 * 4096) else {
            return;
        };
        let settings = project.read("talkform.yaml");
        project.write(
            "talkform.yaml",
            &format!("{settings}state: disk/state.json\n"),
        );
        project.write("users/a.yaml", &many_users(400, "pro"));
        let child = project.start(&["apply", "--auto-approve"]);
        while channel.about_users().len() < 20 {
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        // Somebody else fills it, all but a few blocks.
        let mut ballast = vec![0; 0];
        let mut size = 192 * 4096;
        while size > 0 {
            ballast.resize(size, b'.');
            if fs::write(disk.at.join("ballast"), &ballast).is_ok() {
                break;
            }
            size -= 4096;
        }
        // Cut, not written again: what a new write frees, the run could take first.
        let kept = size.saturating_sub(left * 4096) as u64;
        let written = fs::File::options()
            .write(true)
            .open(disk.at.join("ballast"));
        written
            .and_then(|ballast| ballast.set_len(kept))
            .expect("smaller");
        let ran = crate::command::finish(child);
        assert_eq!(ran.code, Some(4), "{}", ran.all());
        assert!(!ran.stderr.contains("panicked"), "{}", ran.stderr);
        let accepted = channel.running().member_ids().len();
        assert!(accepted < 400, "{accepted}");

        fs::remove_file(disk.at.join("ballast")).expect("removed");
        channel.running().set_faults(Vec::new());
        project.run(&["apply", "--auto-approve"]).expect(0);
        assert_eq!(channel.running().member_ids().len(), 400);
        // Those in flight when the disk was full may be sent twice, and nobody else.
        let sent = channel.about_users().len();
        assert!(sent <= 400 + 2 * 8, "{left} blocks left: {sent} requests");
        project.run(&["plan", "--detailed-exitcode"]).expect(0);
    }
}

#[test]
fn a_folder_that_cannot_be_written_is_found_before_anything_is_sent() {
    let channel = Channel::start();
    let project = channel.project();
    project.write("users/a.yaml", &many_users(2, "pro"));
    // A file where the folder should be stops root too.
    let settings = project.read("talkform.yaml");
    project.write(
        "talkform.yaml",
        &format!("{settings}state: blocked/state.json\n"),
    );
    project.write("blocked", "");
    let ran = project.run(&["apply", "--auto-approve"]).expect(1);
    assert!(ran.stderr.contains("blocked"), "{}", ran.stderr);
    assert!(channel.about_users().is_empty());
}
