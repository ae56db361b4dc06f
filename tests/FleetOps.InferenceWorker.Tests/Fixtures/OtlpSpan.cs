using Google.Protobuf;

namespace FleetOps.InferenceWorker.Tests.Fixtures;

/// <summary>A span as OTLP sends it (opentelemetry/proto/trace/v1/trace.proto).</summary>
internal sealed class OtlpSpan
{
    private readonly Dictionary<string, object> _attributes = new(StringComparer.Ordinal);

    public string TraceId { get; private set; } = "";

    public string Id { get; private set; } = "";

    public string ParentId { get; private set; } = "";

    public string Name { get; private set; } = "";

    /// <summary>2 is that of a server.</summary>
    public int Kind { get; private set; }

    /// <summary>In nanoseconds since 1970.</summary>
    public ulong Start { get; private set; }

    /// <inheritdoc cref="Start"/>
    public ulong End { get; private set; }

    public bool IsError { get; private set; }

    /// <summary>An attribute: a text, a long, a double, a bool, or texts with commas between them; null if there is none of the name.</summary>
    public object? this[string attribute] => _attributes.GetValueOrDefault(attribute);

    public IReadOnlyCollection<string> Attributes => _attributes.Keys;

    /// <summary>The spans of an export.</summary>
    public static IEnumerable<OtlpSpan> Read(byte[] request) =>
        Messages(request, 1).SelectMany(resource => Messages(resource, 2)).SelectMany(scope => Messages(scope, 2)).Select(ReadSpan).ToList();

    private static OtlpSpan ReadSpan(byte[] message)
    {
        var span = new OtlpSpan();
        Fields(message, (field, input) =>
        {
            switch (field)
            {
                case 1: span.TraceId = Hex(input); break;
                case 2: span.Id = Hex(input); break;
                case 4: span.ParentId = Hex(input); break;
                case 5: span.Name = input.ReadString(); break;
                case 6: span.Kind = input.ReadEnum(); break;
                case 7: span.Start = input.ReadFixed64(); break;
                case 8: span.End = input.ReadFixed64(); break;
                case 9: span.Add(input.ReadBytes().ToByteArray()); break;
                case 15: span.IsError = Numbers(input.ReadBytes().ToByteArray(), 3).Contains(2); break;
                default: return false;
            }

            return true;
        });
        return span;
    }

    private void Add(byte[] keyValue)
    {
        var key = "";
        object value = "";
        Fields(keyValue, (field, input) =>
        {
            switch (field)
            {
                case 1: key = input.ReadString(); break;
                case 2: value = Value(input.ReadBytes().ToByteArray()); break;
                default: return false;
            }

            return true;
        });
        _attributes[key] = value;
    }

    private static object Value(byte[] message)
    {
        object value = "";
        Fields(message, (field, input) =>
        {
            switch (field)
            {
                case 1: value = input.ReadString(); break;
                case 2: value = input.ReadBool(); break;
                case 3: value = input.ReadInt64(); break;
                case 4: value = input.ReadDouble(); break;
                case 5: value = string.Join(',', Messages(input.ReadBytes().ToByteArray(), 1).Select(Value)); break;
                default: return false;
            }

            return true;
        });
        return value;
    }

    private static List<byte[]> Messages(byte[] message, int wanted)
    {
        var found = new List<byte[]>();
        Fields(message, (field, input) =>
        {
            if (field != wanted)
            {
                return false;
            }

            found.Add(input.ReadBytes().ToByteArray());
            return true;
        });
        return found;
    }

    private static List<long> Numbers(byte[] message, int wanted)
    {
        var found = new List<long>();
        Fields(message, (field, input) =>
        {
            if (field != wanted)
            {
                return false;
            }

            found.Add(input.ReadInt64());
            return true;
        });
        return found;
    }

    private static void Fields(byte[] message, Func<int, CodedInputStream, bool> read)
    {
        using var input = new CodedInputStream(message);
        while (input.ReadTag() is var tag and not 0)
        {
            if (!read(WireFormat.GetTagFieldNumber(tag), input))
            {
                input.SkipLastField();
            }
        }
    }

    private static string Hex(CodedInputStream input) => Convert.ToHexStringLower(input.ReadBytes().ToByteArray());
}
