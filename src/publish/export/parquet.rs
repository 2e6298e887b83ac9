//! Parquet: decimals as numbers of 38 digits, 12 of them behind the point, beside the columns that hold them literally.
//!
//! Only in builds with the feature `parquet`.

use super::table::{Cell, Column, Kind, Line, PLACES};
use jiff::civil::Date;
use parquet::basic::{Compression, LogicalType, Repetition, Type as Physical};
use parquet::data_type::{
    BoolType, ByteArray, ByteArrayType, DataType, FixedLenByteArray, FixedLenByteArrayType, Int32Type, Int64Type,
};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::types::Type;
use std::io::{self, Write};
use std::sync::Arc;

/// Lines of one row group; so many are held.
pub const GROUP_ROWS: usize = 10_000;
/// Digits of a decimal.
const DIGITS: i32 = 38;

/// A table on its way into a file.
pub struct Table<W: Write + Send> {
    writer: SerializedFileWriter<W>,
    columns: Vec<Column>,
    held: Vec<Line>,
}

fn fault(error: ParquetError) -> io::Error {
    io::Error::other(error)
}

fn field(column: &Column) -> Result<Arc<Type>, ParquetError> {
    let decimals = i32::try_from(PLACES).unwrap_or(0);
    let (physical, logical, length) = match column.kind {
        Kind::Text => (Physical::BYTE_ARRAY, Some(LogicalType::String), 0),
        Kind::Decimal => (Physical::FIXED_LEN_BYTE_ARRAY, Some(LogicalType::decimal(decimals, DIGITS)), 16),
        Kind::Integer => (Physical::INT64, None, 0),
        Kind::Boolean => (Physical::BOOLEAN, None, 0),
        Kind::Date => (Physical::INT32, Some(LogicalType::Date), 0),
    };
    let mut made = Type::primitive_type_builder(&column.name, physical)
        .with_repetition(Repetition::OPTIONAL)
        .with_logical_type(logical);
    if column.kind == Kind::Decimal {
        made = made.with_length(length).with_precision(DIGITS).with_scale(decimals);
    }
    made.build().map(Arc::new)
}

impl<W: Write + Send> Table<W> {
    /// A table begins.
    pub fn begin(out: W, name: &str, columns: Vec<Column>) -> io::Result<Self> {
        let fields = columns.iter().map(field).collect::<Result<Vec<_>, _>>().map_err(fault)?;
        let schema = Type::group_type_builder(name).with_fields(fields).build().map_err(fault)?;
        let created = format!("trialgate version {}", env!("CARGO_PKG_VERSION"));
        let properties = WriterProperties::builder().set_created_by(created).set_compression(Compression::UNCOMPRESSED);
        let writer = SerializedFileWriter::new(out, Arc::new(schema), Arc::new(properties.build())).map_err(fault)?;
        Ok(Self { writer, columns, held: Vec::new() })
    }

    /// Some lines.
    pub fn lines(&mut self, lines: &[Line]) -> io::Result<()> {
        for line in lines {
            self.held.push(line.clone());
            if self.held.len() == GROUP_ROWS {
                self.group()?;
            }
        }
        Ok(())
    }

    fn group(&mut self) -> io::Result<()> {
        let mut group = self.writer.next_row_group().map_err(fault)?;
        for (place, column) in self.columns.iter().enumerate() {
            let cells: Vec<&Cell> = self.held.iter().map(|line| line.get(place).unwrap_or(&Cell::Nothing)).collect();
            write(&mut group, column.kind, &cells).map_err(fault)?;
        }
        group.close().map_err(fault)?;
        self.held.clear();
        Ok(())
    }

    /// The table ends; where it went.
    pub fn end(mut self) -> io::Result<W> {
        if !self.held.is_empty() {
            self.group()?;
        }
        self.writer.into_inner().map_err(fault)
    }
}

fn write<W: Write + Send>(
    group: &mut SerializedRowGroupWriter<'_, W>,
    kind: Kind,
    cells: &[&Cell],
) -> Result<(), ParquetError> {
    match kind {
        Kind::Text => column::<ByteArrayType, W>(group, cells, |c| Some(ByteArray::from(&*c.text()))),
        Kind::Decimal => column::<FixedLenByteArrayType, W>(group, cells, |c| {
            let scaled = scaled(&c.text())?.to_be_bytes().to_vec();
            Some(FixedLenByteArray::from(ByteArray::from(scaled)))
        }),
        Kind::Integer => column::<Int64Type, W>(group, cells, |c| c.text().parse().ok()),
        Kind::Boolean => column::<BoolType, W>(group, cells, |c| Some(*c == Cell::Truth(true))),
        Kind::Date => column::<Int32Type, W>(group, cells, |c| days(&c.text())),
    }
}

fn column<T: DataType, W: Write + Send>(
    group: &mut SerializedRowGroupWriter<'_, W>,
    cells: &[&Cell],
    value: impl Fn(&Cell) -> Option<T::T>,
) -> Result<(), ParquetError> {
    let read: Vec<Option<T::T>> =
        cells.iter().map(|cell| if **cell == Cell::Nothing { None } else { value(cell) }).collect();
    let there: Vec<i16> = read.iter().map(|value| i16::from(value.is_some())).collect();
    let values: Vec<T::T> = read.into_iter().flatten().collect();
    let missing = || ParquetError::General("a column that the table has is not in the file".into());
    let mut writer = group.next_column()?.ok_or_else(missing)?;
    writer.typed::<T>().write_batch(&values, Some(&there), None)?;
    writer.close()
}

/// A decimal literal as a whole number of its last place; `None`: it has more digits than a column holds. What lies
/// beyond the last place is cut: the literal stands beside it.
fn scaled(literal: &str) -> Option<i128> {
    let (sign, digits) = literal.strip_prefix('-').map_or((1, literal), |rest| (-1, rest));
    let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
    let places = usize::try_from(PLACES).unwrap_or(0);
    let part: String = part.chars().chain(std::iter::repeat('0')).take(places).collect();
    let most = 10_i128.checked_pow(DIGITS.unsigned_abs())?;
    let number: i128 = format!("{whole}{part}").parse().ok()?;
    (number < most).then_some(sign * number)
}

fn days(date: &str) -> Option<i32> {
    let date: Date = date.parse().ok()?;
    let first = Date::new(1970, 1, 1).ok()?;
    i32::try_from(crate::model::time::days_between(first, date)).ok()
}
