//! The plan: which layers a set gets, by what they are expected to cost.

use super::{
    filter::{Bitmap, Bloom, Part, Teddy},
    frequency::Frequency,
    literals::Literals,
    select::{Selection, select},
};
use crate::{Engine, FilterKind};

/// A layer that is to be built.
#[derive(Clone, Debug)]
pub(super) struct Draft {
    pub(super) selection: Selection,
    pub(super) filter: FilterKind,
}

/// Shortest literal and stride of the layer for the long ones; a second one of stride 1 takes
/// what is shorter, down to three bytes.
const SPLITS: [(usize, usize); 4] = [(3, 1), (4, 1), (5, 2), (7, 4)];
/// Literals of up to this length have a layer of their own.
const TINY: usize = 2;
/// Literals above which Teddy's eight buckets let too much through to be worth estimating.
const TEDDY_MAX: usize = 96;

/// Cycles a byte, measured on a Zen 4 core with `cargo xtask bench match` and then fitted, so
/// that the plans that are fastest there are chosen; only their ratios matter.
mod cost {
    /// Masks and queue of one layer more.
    pub(super) const LAYER: f32 = 0.25;
    /// A position that the filter lets through is hashed again, and looked up in a table of
    /// so many windows that is in the first-level cache, or not.
    pub(super) const CANDIDATE: f32 = 15.0;
    pub(super) const FAR_CANDIDATE: f32 = 25.0;
    pub(super) const FAR: usize = 6000;
    /// One that is still a candidate then is looked up and compared.
    pub(super) const SURVIVOR: f32 = 120.0;
    /// A bitmap looks at one position, by vector and one by one.
    pub(super) const BITMAP_512: f32 = 1.7;
    /// More where the map is larger than the first-level cache.
    pub(super) const FAR_BITMAP: f32 = 0.1;
    pub(super) const BITMAP_256: f32 = 4.5;
    /// Not measured: taken to be between its neighbours.
    pub(super) const BITMAP_128: f32 = 4.5;
    /// As above, all of it one by one.
    pub(super) const BITMAP: f32 = 4.5;
    /// A bitmap of pairs looks at one position.
    pub(super) const PAIRS: f32 = 2.5;
    pub(super) const TEDDY_512: f32 = 0.3;
    pub(super) const TEDDY_256: f32 = 0.5;
    pub(super) const TEDDY_128: f32 = 0.8;
    pub(super) const BLOOM: [(usize, f32); 3] = [(128, 0.5), (256, 0.6), (512, 0.8)];
}

/// Plans the layers for the set.
pub(super) fn choose(literals: &Literals, engine: Engine) -> Vec<Draft> {
    let frequency = Frequency::get();
    let members = |shortest: usize, below: usize| -> Vec<u32> {
        let within = literals
            .iter()
            .filter(|(_, literal)| (shortest..below).contains(&literal.len()));
        within.map(|(index, _)| index).collect()
    };
    let (tiny_cost, mut drafts) = tiny_layer(literals, frequency, &members(1, TINY + 1), engine);
    let mut best: Option<(f32, Vec<Draft>)> = None;
    for (shortest, stride) in SPLITS {
        let mut layers = Vec::new();
        let mut total = 0.0;
        for (members, width, stride) in [
            (members(shortest, usize::MAX), shortest.min(4), stride),
            (members(TINY + 1, shortest), 3, 1),
        ] {
            if !members.is_empty() {
                let selection = select(literals, frequency, &members, width, stride);
                let (cost, filter) = cheapest(literals, frequency, &selection, engine);
                total += cost + cost::LAYER;
                layers.push(Draft { selection, filter });
            }
        }
        if best.as_ref().is_none_or(|(known, _)| total < *known) {
            best = Some((total, layers));
        }
    }
    let (long_cost, layers) = best.unwrap_or_default();
    let apart = tiny_cost + long_cost;
    if !drafts.is_empty() && !layers.is_empty() {
        let all = members(1, usize::MAX);
        if let Some((cost, draft)) = one_teddy(literals, frequency, &all, 3, engine)
            && cost < apart
        {
            return vec![draft];
        }
    }
    drafts.extend(layers);
    drafts
}

/// The layer for the literals of one or two bytes, if there are any, and its cost.
fn tiny_layer(
    literals: &Literals,
    frequency: &Frequency,
    tiny: &[u32],
    engine: Engine,
) -> (f32, Vec<Draft>) {
    if tiny.is_empty() {
        return (0.0, Vec::new());
    }
    if let Some((cost, draft)) = one_teddy(literals, frequency, tiny, TINY, engine) {
        return (cost, vec![draft]);
    }
    let selection = select(literals, frequency, tiny, TINY, 1);
    let cost = cost::PAIRS + cost::LAYER + visits(selection.distinct, selection.hits, 0.0, 1.0);
    let filter = FilterKind::Pairs;
    (cost, vec![Draft { selection, filter }])
}

/// One Teddy for all of these, of whatever lengths, and its cost; `None` where there is none
/// or there are too many.
fn one_teddy(
    literals: &Literals,
    frequency: &Frequency,
    members: &[u32],
    width: usize,
    engine: Engine,
) -> Option<(f32, Draft)> {
    let scan = teddy_cost(engine).filter(|_| members.len() <= TEDDY_MAX)?;
    let selection = select(literals, frequency, members, width, 1);
    let teddy = Teddy::new(&mut parts(literals, &selection), width);
    let rate = teddy.pass_rate(|byte| frequency.byte(byte));
    let cost = scan + cost::LAYER + visits(selection.distinct, selection.hits, rate, 1.0);
    let filter = FilterKind::Teddy;
    Some((cost, Draft { selection, filter }))
}

fn teddy_cost(engine: Engine) -> Option<f32> {
    match engine {
        Engine::Avx512 => Some(cost::TEDDY_512),
        Engine::Avx2 => Some(cost::TEDDY_256),
        Engine::Neon => Some(cost::TEDDY_128),
        _ => None,
    }
}

/// Cycles a byte for what a filter for so many windows lets through, rightly or not.
fn visits(windows: usize, hits: f32, false_rate: f32, stride: f32) -> f32 {
    let candidate = if windows > cost::FAR {
        cost::FAR_CANDIDATE
    } else {
        cost::CANDIDATE
    };
    let candidates = (hits + false_rate).min(1.0) * candidate;
    (candidates + hits * cost::SURVIVOR) / stride
}

/// The filter that is expected to cost least for these windows, and its cycles a byte.
fn cheapest(
    literals: &Literals,
    frequency: &Frequency,
    selection: &Selection,
    engine: Engine,
) -> (f32, FilterKind) {
    let mut best = (f32::INFINITY, FilterKind::Bitmap);
    let mut consider = |filter: FilterKind, scan: f32, false_rate: f32| {
        #[expect(clippy::cast_precision_loss, reason = "1, 2 or 4")]
        let stride = selection.stride as f32;
        let cost = scan / stride + visits(selection.distinct, selection.hits, false_rate, stride);
        if cost < best.0 {
            best = (cost, filter);
        }
    };
    #[expect(clippy::cast_precision_loss, reason = "an estimate")]
    let fill = selection.distinct as f32 / Bitmap::bits_for(selection.distinct) as f32;
    let far = if Bitmap::bits_for(selection.distinct) > 8 << 15 {
        cost::FAR_BITMAP
    } else {
        0.0
    };
    let bitmap = far
        + match engine {
            Engine::Avx512 => cost::BITMAP_512,
            Engine::Avx2 => cost::BITMAP_256,
            Engine::Neon => cost::BITMAP_128,
            _ => cost::BITMAP,
        };
    consider(FilterKind::Bitmap, bitmap, fill);
    if selection.stride > 1 {
        return best;
    }
    if let Some(scan) = teddy_cost(engine)
        && selection.windows.len() <= TEDDY_MAX
    {
        let teddy = Teddy::new(&mut parts(literals, selection), selection.width);
        consider(
            FilterKind::Teddy,
            scan,
            teddy.pass_rate(|byte| frequency.byte(byte)),
        );
    }
    if engine == Engine::Avx512 {
        for (table_len, scan) in cost::BLOOM {
            let rate = Bloom::pass_rate(selection.distinct, table_len);
            consider(FilterKind::Bloom(table_len), scan, rate);
        }
    }
    best
}

/// The windows' bytes.
pub(super) fn parts<'a>(literals: &'a Literals, selection: &Selection) -> Vec<Part<'a>> {
    let found = selection.windows.iter().filter_map(|(index, offset)| {
        let literal = literals.get(*index)?;
        let bytes = literals.bytes(literal).get(usize::from(*offset)..)?;
        Some(Part {
            bytes: bytes.get(..selection.width).unwrap_or(bytes),
            nocase: literal.nocase,
        })
    });
    found.collect()
}
