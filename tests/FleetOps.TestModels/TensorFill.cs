using System.Buffers.Binary;

namespace FleetOps.TestModels;

/// <summary>What a tensor holds.</summary>
internal static class TensorFill
{
    private const int QuantizedBlock = 32;

    // The standard deviation of an int8 that is uniform over its range.
    private const float UniformInt8 = 73.3f;

    /// <summary>Uniform values around 0 with a standard deviation, the same for the same seed.</summary>
    public static Action<Stream> Random(TensorType type, long[] shape, float deviation, ulong seed) => stream =>
    {
        var random = new RandomBits(seed);
        if (type == TensorType.Q8_0)
        {
            WriteQuantized(stream, GgufWriter.Elements(shape), deviation, ref random);
            return;
        }

        Span<byte> value = stackalloc byte[4];
        for (var i = 0L; i < GgufWriter.Elements(shape); i++)
        {
            stream.Write(Encode(type, random.NextSigned() * deviation * MathF.Sqrt(3), value));
        }
    };

    /// <summary>Values by column and row.</summary>
    public static Action<Stream> Of(TensorType type, long[] shape, Func<long, long, float> element) => stream =>
    {
        Span<byte> value = stackalloc byte[4];
        for (var row = 0L; row < (shape.Length > 1 ? shape[1] : 1); row++)
        {
            for (var column = 0L; column < shape[0]; column++)
            {
                stream.Write(Encode(type, element(column, row), value));
            }
        }
    };

    private static Span<byte> Encode(TensorType type, float value, Span<byte> buffer)
    {
        if (type == TensorType.F16)
        {
            BinaryPrimitives.WriteHalfLittleEndian(buffer, (Half)value);
            return buffer[..2];
        }

        BinaryPrimitives.WriteSingleLittleEndian(buffer, value);
        return buffer;
    }

    private static void WriteQuantized(Stream stream, long elements, float deviation, ref RandomBits random)
    {
        Span<byte> block = stackalloc byte[2 + QuantizedBlock];
        for (var i = 0L; i < elements / QuantizedBlock; i++)
        {
            BinaryPrimitives.WriteHalfLittleEndian(block, (Half)(deviation / UniformInt8));
            for (var word = 0; word < QuantizedBlock / 8; word++)
            {
                BinaryPrimitives.WriteUInt64LittleEndian(block[(2 + (8 * word))..], random.Next());
            }

            stream.Write(block);
        }
    }

    // A generator of our own, because a model must be the same on every version of .NET.
    private struct RandomBits(ulong seed)
    {
        private ulong _state = (seed * 0x9E3779B97F4A7C15UL) + 0xD1B54A32D192ED03UL;

        public ulong Next()
        {
            _state ^= _state << 13;
            _state ^= _state >> 7;
            _state ^= _state << 17;
            return _state * 0x2545F4914F6CDD1DUL;
        }

        public float NextSigned() => ((Next() >> 40) * (2f / (1 << 24))) - 1;
    }
}
