//! How accounts of members are weighed.

use std::collections::BTreeMap;

use lab_world::{Clock, DEFAULT_EPOCH, Log};

use super::table::Table;
use super::{Member, Status};

fn member(name: &str, status: Status, incarnation: i64) -> Member {
    let tags = BTreeMap::from([
        ("role".to_owned(), "nomad".to_owned()),
        ("rpc_addr".to_owned(), "10.0.0.9".to_owned()),
        ("port".to_owned(), "4647".to_owned()),
    ]);
    Member { name: name.into(), address: ([10, 0, 0, 9], 4648).into(), tags, status, incarnation }
}

fn status(table: &Table, name: &str) -> Option<Status> {
    table.get(name).map(|member| member.status)
}

#[tokio::test(start_paused = true)]
async fn the_later_account_holds() {
    let log = Log::new(&Clock::simulated(DEFAULT_EPOCH));
    let table = Table::new(member("own", Status::Alive, 5), &log);
    table.merge(vec![member("other", Status::Alive, 7)]);
    table.merge(vec![member("other", Status::Left, 6)]);
    assert_eq!(status(&table, "other"), Some(Status::Alive));
    table.merge(vec![member("other", Status::Left, 8)]);
    assert_eq!(status(&table, "other"), Some(Status::Left));
    table.merge(vec![member("other", Status::Alive, 9)]);
    assert_eq!(status(&table, "other"), Some(Status::Alive));
}

#[tokio::test(start_paused = true)]
async fn a_member_contradicts_what_is_said_of_itself() {
    let log = Log::new(&Clock::simulated(DEFAULT_EPOCH));
    let table = Table::new(member("own", Status::Alive, 5), &log);
    table.merge(vec![member("own", Status::Left, 40)]);
    assert_eq!((table.own().status, table.own().incarnation), (Status::Alive, 41));
    table.leave();
    assert_eq!((table.own().status, table.own().incarnation), (Status::Left, 42));
}

#[tokio::test(start_paused = true)]
async fn failing_is_each_ones_own_finding() {
    let log = Log::new(&Clock::simulated(DEFAULT_EPOCH));
    let table = Table::new(member("own", Status::Alive, 5), &log);
    table.merge(vec![member("other", Status::Alive, 7)]);
    table.merge(vec![member("other", Status::Failed, 8)]);
    assert_eq!(status(&table, "other"), Some(Status::Alive), "others' word is not enough");
    assert!(!table.force_leave("other"), "it lives");
    table.set_alive("other", false);
    assert_eq!(status(&table, "other"), Some(Status::Failed));
    assert!(log.contains("serf: EventMemberFailed: other 10.0.0.9"));
    assert!(log.contains("removing server: name=other addr=10.0.0.9:4647 dc="));
    assert!(table.force_leave("other"));
    assert_eq!(status(&table, "other"), Some(Status::Left));
    table.set_alive("other", true);
    assert_eq!(status(&table, "other"), Some(Status::Left), "only it can come back");
}
