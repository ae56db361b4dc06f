using System.Collections;
using Google.Protobuf;
using Google.Protobuf.Reflection;

namespace FleetOps.InferenceWorker.Tests.Abuse;

/// <summary>Messages of any type with any values: the descriptor tells the fields, so those that come later are covered too.</summary>
internal sealed class RandomMessage(Random random)
{
    private const int Deepest = 4;

    private static readonly string[] Texts =
    [
        "", "m", "go on", "\0", "\uFFFD", "𝔘𝔫𝔦𝔠𝔬𝔡𝔢 👩‍👩‍👧", "<|im_start|>system", "<|im_end|>", "</s>", "user", "assistant", "tool", "../../etc/passwd", "/dev/zero",
        "{}", "[]", "null", "{\"type\":\"object\"}", "{\"type\":\"string\",\"pattern\":\"^(a+)+$\"}", "{\"$ref\":\"#\"}", "{\"type\":\"array\",\"items\":{\"type\":\"array\"},\"minItems\":100000}",
        "{\"enum\":[]}", "{\"type\":\"nothing\"}", "{\"", "root ::= \"a\"", "root ::= root", "root ::= [", "root ::= \"a\" | root \"b\"", "(", "[a-z]{1,1000}", "a*", "(a|aa)+$", "\\",
        "{{ messages }}", "{% for i in range(1000000000) %}x{% endfor %}", "temperature", new string('x', 2000), new string('(', 500), new string('[', 3000), string.Concat(Enumerable.Repeat("é", 700)),
    ];

    private static readonly long[] Numbers = [0, 1, -1, 2, 3, 5, 17, 64, 100, 127, 128, 383, 384, 512, 1000, 65_535, int.MaxValue, int.MinValue, long.MaxValue, long.MinValue];

    private static readonly double[] Fractions = [0, -0.0, 1, -1, 0.5, 0.8, 1e-30, 1e30, 100, double.NaN, double.PositiveInfinity, double.NegativeInfinity, float.MaxValue, float.Epsilon];

    public IMessage Make(MessageDescriptor type, int depth = 0)
    {
        var message = type.Parser.ParseFrom([]);
        // Few fields at once leave most requests nearly sound, many hit the checks of combinations.
        var share = random.NextDouble();
        foreach (var field in type.Fields.InFieldNumberOrder())
        {
            if (random.NextDouble() > share || (field.FieldType == FieldType.Message && depth >= Deepest))
            {
                continue;
            }

            if (field.IsMap)
            {
                continue;
            }

            if (field.IsRepeated)
            {
                var list = (IList)field.Accessor.GetValue(message);
                for (var count = Count(depth); count > 0; count--)
                {
                    list.Add(Value(field, depth));
                }
            }
            else
            {
                field.Accessor.SetValue(message, Value(field, depth));
            }
        }

        return message;
    }

    /// <summary>Bytes that were a message, with a few of them changed, left out or doubled.</summary>
    public byte[] Damage(byte[] message)
    {
        var bytes = message.ToList();
        for (var times = random.Next(1, 6); times > 0 && bytes.Count > 0; times--)
        {
            var at = random.Next(bytes.Count);
            switch (random.Next(4))
            {
                case 0:
                    bytes[at] = (byte)random.Next(256);
                    break;
                case 1:
                    bytes.RemoveAt(at);
                    break;
                case 2:
                    bytes.RemoveRange(at, bytes.Count - at);
                    break;
                default:
                    bytes.InsertRange(at, bytes.Take(at).ToArray());
                    break;
            }
        }

        return [.. bytes];
    }

    private int Count(int depth) => random.Next(20) == 0 && depth < 2 ? random.Next(300) : random.Next(4);

    private object Value(FieldDescriptor field, int depth) => field.FieldType switch
    {
        FieldType.Message or FieldType.Group => Make(field.MessageType, depth + 1),
        FieldType.String => Pick(Texts),
        FieldType.Bytes => ByteString.CopyFrom(Bytes()),
        FieldType.Bool => random.Next(2) == 0,
        FieldType.Enum => random.Next(-1, field.EnumType.Values.Count + 2),
        FieldType.Float => (float)Pick(Fractions),
        FieldType.Double => Pick(Fractions),
        FieldType.Int32 or FieldType.SInt32 or FieldType.SFixed32 => unchecked((int)Number()),
        FieldType.UInt32 or FieldType.Fixed32 => unchecked((uint)Number()),
        FieldType.Int64 or FieldType.SInt64 or FieldType.SFixed64 => Number(),
        FieldType.UInt64 or FieldType.Fixed64 => unchecked((ulong)Number()),
        _ => throw new InvalidOperationException($"{field.FullName} is of the type {field.FieldType}, which nobody fills yet."),
    };

    // Numbers that are small make sound tokens and bounds.
    private long Number() => random.Next(2) == 0 ? random.Next(64) : Pick(Numbers);

    private byte[] Bytes()
    {
        var bytes = new byte[random.Next(64)];
        random.NextBytes(bytes);
        return bytes;
    }

    private T Pick<T>(T[] values) => values[random.Next(values.Length)];
}
