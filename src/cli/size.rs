//! Numbers of bytes on the command line.

/// `4GB`, `512 MB`, `1.5 GiB`: units of a thousand or, with an `i`, of 1024.
pub fn size(text: &str) -> Result<u64, String> {
    let wrong = || format!("`{text}` is no size: write for example `4GB`, `256MB` or `1.5GiB`");
    let text = text.trim();
    let digits = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let unit: u64 = match unit.trim().to_ascii_lowercase().as_str() {
        "kb" | "k" => 1000,
        "mb" | "m" => 1_000_000,
        "gb" | "g" => 1_000_000_000,
        "tb" | "t" => 1_000_000_000_000,
        "kib" => 1 << 10,
        "mib" => 1 << 20,
        "gib" => 1 << 30,
        "tib" => 1 << 40,
        "b" => 1,
        _ => return Err(wrong()),
    };
    let (whole, part) = number.split_once('.').unwrap_or((number, "0"));
    let whole: u64 = whole.parse().map_err(|_| wrong())?;
    let digits = u32::try_from(part.len()).ok().filter(|digits| *digits <= 6).ok_or_else(wrong)?;
    let part: u64 = part.parse().map_err(|_| wrong())?;
    let whole = whole.checked_mul(unit).ok_or_else(wrong)?;
    // At most six digits of at most 2^40.
    whole.checked_add(part * unit / 10u64.pow(digits)).filter(|bytes| *bytes > 0).ok_or_else(wrong)
}
