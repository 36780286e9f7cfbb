//! What the probe never prints.

use hubspot_sandbox::{BodyKind, Language, StatusAnswer, What};

use super::{MARK, run, strange, upsert};

#[tokio::test]
async fn no_text_of_hubspots_is_printed() {
    let loud = StatusAnswer {
        message: Some(format!("{MARK} is not allowed")),
        category: Some(format!("{MARK} {MARK}")),
        body: BodyKind::Json,
        ..StatusAnswer::new(400)
    };
    for number in [upsert::FIRST, upsert::PARTIAL, upsert::BOTH_ADDRESSES, upsert::ARCHIVED_ADDRESS] {
        let mut settings = strange(number, What::Status(loud.clone()));
        settings.language = Language::Portuguese;
        let run = run(settings, &["--api-version", "2026-09"]).await;
        assert!(!run.text.contains("propriedade") && !run.text.contains("@Example"), "{}", run.text);
        assert_eq!(run.left(), [""; 0]);
    }
}
