//! What the fuzz entries of all inspectors share.

use crate::{
    buffers::{BufferId, BufferPart, BufferSelector, UriPart},
    config::Config,
    service_inspectors::{Feed, Pdu, ServiceInspector, Verdict},
};

/// Feeds one connection: records of a control byte (bit 0 to the server, bit 1 a gap,
/// bit 2 the direction's end), a length byte, and so many bytes of data. Every buffer of
/// every unit is read.
pub(super) fn fuzz_inspector(
    inspector: &mut dyn ServiceInspector,
    mut input: &[u8],
    config: &Config,
) {
    let mut emit = |pdu: &Pdu<'_>| read_all(pdu);
    while let [control, length, rest @ ..] = input {
        let to_server = control & 1 != 0;
        let length = usize::from(*length).min(rest.len());
        let (data, after) = rest.split_at_checked(length).unwrap_or((rest, &[]));
        input = after;
        let verdict = if control & 4 != 0 {
            inspector.finish(to_server, config, &mut emit);
            Verdict::Continue
        } else if control & 2 != 0 {
            inspector.gap(to_server, length as u64, config, &mut emit)
        } else {
            let feed = Feed {
                to_server,
                data,
                config,
            };
            inspector.feed(&feed, &mut emit)
        };
        inspector.limits_hit(&mut |_| {});
        let _ = inspector.memory();
        if verdict != Verdict::Continue {
            return;
        }
    }
    inspector.finish(true, config, &mut emit);
    inspector.finish(false, config, &mut emit);
}

fn read_all(pdu: &Pdu<'_>) {
    let mut fresh = Vec::new();
    pdu.buffers
        .fresh(&mut |id, bytes| fresh.push((id, bytes.len())));
    for (id, length) in fresh {
        let whole = pdu.buffers.buffer(&BufferSelector::whole(id));
        assert_eq!(
            whole.map(<[u8]>::len),
            Some(length),
            "a fresh buffer is visible"
        );
    }
    for part in [
        BufferPart::Field("cookie".into()),
        BufferPart::Field("host".into()),
        BufferPart::Uri(UriPart::Path),
        BufferPart::Uri(UriPart::Host),
        BufferPart::Param("a".into(), true),
    ] {
        for id in [
            BufferId::HttpHeader,
            BufferId::HttpRawHeader,
            BufferId::HttpUri,
            BufferId::HttpRawUri,
            BufferId::HttpParam,
        ] {
            let selector = BufferSelector {
                id,
                part: part.clone(),
                request: true,
            };
            let _ = pdu.buffers.buffer(&selector);
        }
    }
}
