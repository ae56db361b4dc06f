using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace FleetOps.Api;

/// <summary>Reads a quantity that was written as a JSON number or string; writes it as a string.</summary>
public sealed class QuantityText : JsonConverter<string>
{
    /// <inheritdoc />
    public override string? Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        reader.TokenType == JsonTokenType.Number
            ? reader.GetDecimal().ToString(CultureInfo.InvariantCulture)
            : reader.GetString();

    /// <inheritdoc />
    public override void Write(Utf8JsonWriter writer, string value, JsonSerializerOptions options) => writer.WriteStringValue(value);
}
